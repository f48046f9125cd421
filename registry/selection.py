"""Which model answers, and why that one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import UUID

from registry.environment import environment_refusal, environment_unusable_reason, named_model, named_provider
from registry.errors import ModelUnavailable, NoModel
from registry.models import DefaultModel, LLMModel
from registry.providers import provider_icon, provider_label

if TYPE_CHECKING:
    from registry.querysets import Reader

Reason: TypeAlias = Literal["requested", "conversation", "environment", "user_default", "global_default"]

# What the page sends when it shows the model of the legacy configuration, which has no row and no id.
ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Selection:
    """`model_id` is None for the environment's model."""

    model_id: UUID | None
    label: str
    reason: Reason
    icon: str


def select_model(
    user: Reader, *, requested: UUID | str | None = None, conversation_model: UUID | None = None
) -> Selection:
    """The request's model, the conversation's, the environment's, the user's default, everybody's default.

    Somebody chose the first two, so they answer or fail: another model would read what was meant for this one.
    """
    if requested == ENVIRONMENT:
        return _environment_requested(user)
    if requested:
        return _chosen(user, requested, "requested")
    if conversation_model:
        return _chosen(user, conversation_model, "conversation")
    return usable_environment(user) or _default(user, owner=user.pk, reason="user_default") or _everybodys_default(user)


def _chosen(user: Reader, model_id: UUID | str, reason: Reason) -> Selection:
    model = LLMModel.objects.visible_to(user).select_related("connection").filter(pk=_uuid(model_id)).first()
    if model is None:
        raise ModelUnavailable
    if problem := model.unusable_reason(user):
        raise ModelUnavailable(f"{model.name} cannot answer now. {problem}")
    return _selection(model, reason)


def _environment_requested(user: Reader) -> Selection:
    selection = environment_selection(user)
    if selection is None:
        raise ModelUnavailable
    if problem := environment_unusable_reason():
        raise ModelUnavailable(f"{selection.label} cannot answer now. {problem}")
    return selection


def usable_environment(user: Reader) -> Selection | None:
    return None if environment_unusable_reason() else environment_selection(user)


def environment_selection(user: Reader) -> Selection | None:
    name = named_provider()
    if not name or not user.is_active:
        return None
    return Selection(None, named_model() or provider_label(name), "environment", provider_icon(name))


def _default(user: Reader, *, owner: int | None, reason: Reason) -> Selection | None:
    """A default that its reader cannot use now is passed over."""
    default = DefaultModel.objects.usable_by(user).filter(user=owner).select_related("model__connection").first()
    return _selection(default.model, reason) if default else None


def _everybodys_default(user: Reader) -> Selection:
    selection = _default(user, owner=None, reason="global_default")
    if selection is None:
        raise NoModel(environment_refusal())
    return selection


def _selection(model: LLMModel, reason: Reason) -> Selection:
    return Selection(model.pk, model.name, reason, provider_icon(model.connection.provider))


def _uuid(value: UUID | str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        raise ModelUnavailable from None
