"""A client for a model that its user may use. Keys go from the row into the client and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from llm import ModelConfig, UnifiedLLMClient
from llm.transport import transport_for
from registry.addresses import address_policy
from registry.environment import environment_key, environment_options, environment_url
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
    if not settings.LLM_PROVIDER or not user.is_active:
        raise NoModel
    return UnifiedLLMClient(environment_config(), transport=transport_for(address_policy(None)))


def environment_config() -> ModelConfig:
    """The legacy configuration: `LLM_PROVIDER` and what belongs to it."""
    provider = provider_of(settings.LLM_PROVIDER)
    url = environment_url(settings.LLM_PROVIDER) or (provider.base_url if provider else "")
    if not url:
        raise NoModel("LLM_BASE_URL is not set and this provider has no address of its own. Set it.")
    return ModelConfig(
        provider=settings.LLM_PROVIDER,
        model=settings.LLM_MODEL,
        base_url=url,
        api_key=environment_key(settings.LLM_PROVIDER, url),
        options=environment_options(settings.LLM_PROVIDER),
    )
