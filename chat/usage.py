"""What the calls of a turn used: noted with the turn's end, and shown to its viewers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chat.models import Message, Status
from chat.produce import INTERRUPTED_CODE, asked
from llm import Cancelled, ProviderCall, estimate_usage
from registry.usage import TurnUsage, record_calls

if TYPE_CHECKING:
    from chat.live import LiveTurn, Outcome


def record(live: LiveTurn, outcome: Outcome) -> TurnUsage | None:
    """Note every call of a turn that has ended; what it used, None where no call went out."""
    # The client knows only that somebody ended the call, the turn knows who and why.
    ended_as = outcome.error_code or outcome.status
    calls = [replace(call, outcome=ended_as) if call.outcome == Cancelled.code else call for call in live.calls]
    spec = live.spec
    return record_calls(calls, turn=spec.turn, user_id=spec.owner, model_id=spec.model, model_label=spec.model_label)


def record_orphan(message: Message, *, seconds: float) -> None:
    """Note the call that a turn was waiting for when its process died. Nobody heard what it used."""
    if message.status != Status.STREAMING:
        return  # no call had gone out
    written = sum(len(part.get("text", "")) + len(part.get("args", "")) for part in message.parts)
    prompt = asked(message.conversation.system_prompt, message.parent_id)
    usage = estimate_usage(prompt, answered=len(message.text) + written)
    record_calls(
        [ProviderCall(outcome=INTERRUPTED_CODE, usage=usage, seconds=seconds)],
        turn=message.pk,
        user_id=message.conversation.owner_id,
        model_id=message.model_id,
        model_label=message.model_label,
    )


def usage_frame(used: TurnUsage | None) -> dict[str, Any] | None:
    if used is None:
        return None
    return {
        "input_tokens": used.usage.input_tokens,
        "output_tokens": used.usage.output_tokens,
        "cached_tokens": used.usage.cached_tokens,
        "reasoning_tokens": used.usage.reasoning_tokens,
        "estimated": used.usage.estimated,
        "cost": None if used.cost is None else format(used.cost.normalize(), "f"),
    }
