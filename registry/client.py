"""A client for a model that its user may use. Keys go from the row into the client and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm import ModelConfig, UnifiedLLMClient
from llm.transport import transport_for
from registry.addresses import address_policy
from registry.environment import (
    environment_key,
    environment_options,
    environment_refusal,
    environment_url,
    named_model,
    named_provider,
)
from registry.errors import ModelUnavailable, NoModel
from registry.models import LLMModel
from registry.providers import provider_of

if TYPE_CHECKING:
    from uuid import UUID

    from registry.querysets import Reader


def client_for(user: Reader, model_id: UUID | None) -> UnifiedLLMClient:
    """A selection's client; `model_id` None is the environment's model, as in `Selection`."""
    if model_id is None:
        return environment_client(user)
    model = LLMModel.objects.usable_by(user).select_related("connection").filter(pk=model_id).first()
    if model is None:
        raise ModelUnavailable
    policy = address_policy(model.connection.owner_id)
    return UnifiedLLMClient(model.to_config(), transport=transport_for(policy))


def environment_client(user: Reader) -> UnifiedLLMClient:
    if not named_provider() or not user.is_active:
        raise NoModel
    if refusal := environment_refusal():
        raise NoModel(refusal)
    return UnifiedLLMClient(environment_config(), transport=transport_for(address_policy(None)))


def environment_config() -> ModelConfig:
    """The legacy configuration: `LLM_PROVIDER` and what belongs to it."""
    name = named_provider()
    provider = provider_of(name)
    url = environment_url(name) or (provider.base_url if provider else "")
    return ModelConfig(
        provider=name,
        model=named_model(),
        base_url=url,
        api_key=environment_key(name, url),
        options=environment_options(name),
    )
