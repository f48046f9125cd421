"""Two ways to answer `POST /api/chat`: by a turn of a conversation, which goes on whoever leaves, and by a call that is
for its client alone. Either is streamed, or awaited whole."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.http import JsonResponse

from chat import turns
from chat.api.refusals import failure_response
from chat.api.streams import EventStream, begun, check_signed_in, check_turn, watched
from chat.broadcast import follow, follow_live, load_row, row_final, row_snapshot
from chat.engine import current_engine
from chat.tools import merged_steps
from chat.wire import Refused
from registry.selection import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from django.http import HttpResponseBase

    from chat.bare import BareCall, Call
    from chat.live import Final, Snapshot
    from chat.models import Message
    from chat.sessions import SignIn
    from chat.wire import Frame

GONE = "This conversation was deleted before its answer was there."


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known before the first word."""

    client_id: UUID
    turn: UUID
    conversation: UUID | None = None
    message: UUID | None = None
    model_id: UUID | None
    model_label: str
    model_reason: str

    @classmethod
    def of_turn(cls, accepted: turns.Accepted, answer: Message) -> Opening:
        return cls(
            client_id=accepted.client_id,
            turn=accepted.turn,
            conversation=accepted.conversation,
            message=accepted.message,
            model_id=answer.model_id,
            model_label=answer.model_label,
            model_reason=answer.model_reason,
        )

    @classmethod
    def of_call(cls, client_id: UUID, call: Call) -> Opening:
        selection = call.selection
        return cls(
            client_id=client_id,
            turn=call.spec.turn,
            model_id=selection.model_id,
            model_label=selection.label,
            model_reason=selection.reason,
        )

    @property
    def model(self) -> dict[str, str | None]:
        """`model` as it may be sent."""
        named = ENVIRONMENT if self.model_reason == ENVIRONMENT else text(self.model_id)
        return {"model": named, "model_label": self.model_label, "model_reason": self.model_reason}

    @property
    def frame(self) -> Frame:
        ids = ("client_id", "conversation", "message", "turn")
        return {"type": "accepted"} | {name: text(getattr(self, name)) for name in ids} | self.model

    def document(self, state: Snapshot, end: Final) -> dict[str, Any]:
        return {
            "message": {"role": "assistant", "content": state.text},
            "reasoning": state.reasoning,
            **self.model,
            "finish": end.finish,
            "usage": end.usage,
            "tool_calls": merged_steps(state.tools),
            "conversation": text(self.conversation),
            "turn": text(self.turn),
        }

    def failure(self, end: Final, written: str) -> JsonResponse:
        """What was written before is paid for, so it is told."""
        ids = {"turn": text(self.turn), "conversation": text(self.conversation)}
        return failure_response(end, {**ids, "text": written or None, "usage": end.usage})

    def whole(self, state: Snapshot, end: Final) -> JsonResponse:
        return self.failure(end, state.text) if end.error_code else JsonResponse(self.document(state, end))


async def end_of(frames: AsyncGenerator[Frame | None]) -> None:
    async with aclosing(frames):
        async for _ in frames:
            pass


def text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class TurnAnswer:
    accepted: turns.Accepted
    answer: Message
    sign_in: SignIn

    async def streamed(self) -> HttpResponseBase:
        return EventStream(begun(self._opening.frame, rest=self._frames()))

    async def whole(self) -> HttpResponseBase:
        await end_of(self._frames())
        message, usage = await load_row(self.accepted.turn)
        if message is None:
            raise Refused("not_found", GONE, status=404)
        if message.is_running:
            raise turns.signed_out()
        return self._opening.whole(row_snapshot(message), row_final(message, usage))

    @property
    def _opening(self) -> Opening:
        return Opening.of_turn(self.accepted, self.answer)

    def _frames(self) -> AsyncGenerator[Frame | None]:
        # Who sends again after a lost connection may have seen part of the answer: it gets a snapshot.
        frames = follow(current_engine().live_turns, self.accepted.turn, None if self.accepted.replayed else 0)
        return watched(frames, partial(check_turn, self.sign_in, self.accepted.turn))


@dataclass(frozen=True, slots=True)
class CallAnswer:
    client_id: UUID
    call: Call
    sign_in: SignIn

    async def streamed(self) -> HttpResponseBase:
        """Its status is decided by the first event, or after a while without one."""
        live = self.call.begin(current_engine())
        frames = self._frames(live)
        first = await anext(frames)
        if live.final and live.final.error_code and not live.seq:
            await frames.aclose()
            return self._opening.whole(live.snapshot(), live.final)
        return EventStream(begun(self._opening.frame, first, rest=frames))

    async def whole(self) -> HttpResponseBase:
        live = self.call.begin(current_engine())
        await end_of(self._frames(live))
        if live.final is None:
            raise turns.signed_out()
        return self._opening.whole(live.snapshot(), live.final)

    @property
    def _opening(self) -> Opening:
        return Opening.of_call(self.client_id, self.call)

    async def _frames(self, live: BareCall) -> AsyncGenerator[Frame | None]:
        """They end the call when nobody wants them any more."""
        try:
            async with aclosing(watched(follow_live(live, 0), partial(check_signed_in, self.sign_in))) as frames:
                async for frame in frames:
                    yield frame
        finally:
            live.leave()
