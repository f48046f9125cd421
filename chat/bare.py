"""Calls outside any conversation: nothing of them is stored but what they used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chat.live import CallSpec, LiveTurn
from chat.produce import Prepared
from registry.client import client_for
from registry.selection import Selection, select_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.base_user import AbstractBaseUser

    import llm
    from chat.engine import Engine


class BareCall(LiveTurn):
    """A turn without rows. It is for whoever asked, so it ends when they leave."""

    @property
    def unsaved(self) -> bool:
        return self.outcome is not None

    def leave(self) -> None:
        if self.outcome is None:
            self.stop()


@dataclass(frozen=True, slots=True)
class Call:
    """A bare call that could begin now."""

    spec: CallSpec
    selection: Selection
    prepared: Prepared

    def begin(self, engine: Engine) -> BareCall:
        """Raises `Refused` where there is no room. Waits for nothing, so that an event loop may call it."""
        engine.runner.reserve(self.spec.owner)
        live = BareCall(self.spec)
        engine.begin(live, lambda: self.prepared)
        return live


def prepare_call(
    user: AbstractBaseUser,
    messages: Sequence[llm.Message],
    *,
    model: str | None = None,
    tools: Sequence[llm.Tool] = (),
    params: dict[str, Any],
) -> Call:
    """Raises an `LLMError` where no model can be asked."""
    selection = select_model(user, requested=model)
    spec = CallSpec(turn=uuid4(), owner=user.pk, model=selection.model_id, model_label=selection.label, params=params)
    return Call(spec, selection, Prepared(client_for(user, selection.model_id), [*messages], tuple(tools)))
