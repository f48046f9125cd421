"""One client for every model: what a caller says goes to the provider, what the provider says comes back as events."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

from llm.addresses import AddressPolicy
from llm.answers import body_so_far, parsed, with_end
from llm.cancellation import Cancellation
from llm.errors import BadRequest, Blocked, LLMError, UnknownProvider
from llm.history import History, fit_history, without_signatures
from llm.loop import Offered, Rounds, specs_of
from llm.provider_calls import CallLog, OnCall, OpenCall
from llm.providers import PROVIDERS
from llm.providers._base import Provider
from llm.providers._refused import SIGNATURE
from llm.redaction import Redaction
from llm.repairs import MOST_REPAIRS, Repairs, without
from llm.reply import Reply, ReplyBuilder
from llm.retry import Retry
from llm.storable import storable_events
from llm.transport import Sender, transport_for
from llm.types import JSON, ChatRequest, Event, HttpRequest, Image, Message, ModelConfig, ToolSpec

logger = logging.getLogger("llm")

# OpenAI's newer name, which formats of other vendors would ignore in silence.
_OTHER_NAMES = {"max_completion_tokens": "max_tokens"}
_repairs = Repairs()


class UnifiedLLMClient:
    """Talks to the model of `config`. Without a `transport` it reaches public https addresses only."""

    def __init__(self, config: ModelConfig, *, transport: Sender | None = None, retry: Retry = Retry()) -> None:  # noqa: B008  frozen
        self.config = config
        self.provider = provider_named(config.provider)
        self.transport = transport or transport_for(AddressPolicy())
        self.retry = retry
        self._redaction = Redaction(config)
        self._origin = origin_of(config, self.provider)

    def chat(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Offered] = (),
        cancellation: Cancellation | None = None,
        on_call: OnCall | None = None,
        **params: JSON,
    ) -> Reply:
        """The whole answer."""
        reply = ReplyBuilder()
        for event in self.stream(messages, tools=tools, cancellation=cancellation, on_call=on_call, **params):
            reply.add(event)
        return reply.reply()

    def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Offered] = (),
        cancellation: Cancellation | None = None,
        on_call: OnCall | None = None,
        **params: JSON,
    ) -> Generator[Event]:
        """Events as they come. `Finish` is the last one, or an `LLMError` is raised; leaving early ends the call.

        Calls of a `Tool` run, and the model goes on with their results; those of a `ToolSpec` end the answer. What this
        model cannot be asked is a `BadRequest` of the call itself; nothing is sent before the first event is wanted.
        `on_call` is told of each request that goes to the provider as soon as it has ended, however it ends.
        """
        cancellation = cancellation or Cancellation()
        asked, calls = self._chat_request(messages, specs_of(tools), params), CallLog(on_call)

        def ask(added: Sequence[Message], changed: Mapping[str, JSON]) -> Generator[Event]:
            calls.begin_round()
            return self._stream(self._continued(asked, added, changed), cancellation, calls)

        tool_choice = asked.params.get("tool_choice")
        return self._presented(Rounds(ask, tools, tool_choice=tool_choice, cancellation=cancellation))

    def history(self, messages: Sequence[Message]) -> History:
        """The conversation as this model's provider takes it, and what is left out of it."""
        return fit_history(messages, origin=self._origin)

    def _chat_request(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec], params: dict[str, JSON]
    ) -> ChatRequest:
        """Parameters of the call beat those of the model; None takes one away."""
        fitting = self.history(messages).messages
        if not self.config.vision and any(isinstance(part, Image) for message in fitting for part in message.parts):
            raise BadRequest("This model cannot see images. Remove the image or pick a model that can.")
        if tools and not self.config.tools:
            raise BadRequest("This model cannot call tools. Turn the tools off or pick a model that can.")
        merged = _named_alike(self.config.params) | _named_alike(params)
        wanted = {name: value for name, value in merged.items() if value is not None}
        return ChatRequest(messages=fitting, tools=tuple(tools), params=wanted, stream=self.config.streaming)

    def _continued(self, asked: ChatRequest, added: Sequence[Message], changed: Mapping[str, JSON]) -> ChatRequest:
        """The same request after rounds that `added` something to it."""
        messages = self.history([*asked.messages, *added]).messages if added else asked.messages
        return replace(asked, messages=messages, params={**asked.params, **changed})

    def _presented(self, rounds: Rounds) -> Generator[Event]:
        try:
            yield from rounds.events()
        except LLMError as error:
            raise self._presentable(error) from None

    def _stream(self, request: ChatRequest, cancellation: Cancellation, calls: CallLog) -> Generator[Event]:
        first, events = self._begin(request, cancellation, calls)
        with closing(events):
            yield first
            yield from events

    def _begin(self, asked: ChatRequest, cancellation: Cancellation, calls: CallLog) -> tuple[Event, Generator[Event]]:
        """The first event and the others. Until there is a first one a failure may be tried again."""
        request = self._request(asked)
        refused, failures = list[str](), 0
        while True:
            call = calls.open(asked.messages)
            events = with_end(self._attempt(request, cancellation, call), call)
            try:
                return next(events), events
            except BadRequest as error:
                refused.append(error.parameter)
                request = self._without_refused(request, asked, error, refused)
                continue
            except LLMError as error:
                failures += 1
                delay = self.retry.delay(error, failures=failures)
                if delay is None:
                    raise
            self.retry.pause(delay, cancellation)

    def _request(self, asked: ChatRequest) -> HttpRequest:
        return _repairs.applied(self.provider.build(self.config, asked), self.config.model)

    def _without_refused(
        self, request: HttpRequest, asked: ChatRequest, error: BadRequest, refused: Sequence[str]
    ) -> HttpRequest:
        """The request without what was refused; the error where there is nothing to mend."""
        if refused.count(SIGNATURE) == 1 and error.parameter == SIGNATURE:
            return self._request(replace(asked, messages=without_signatures(asked.messages)))
        repaired = without(request, error.parameter, refused=refused) if len(refused) <= MOST_REPAIRS else None
        if repaired is None:
            raise error
        _repairs.remember(request, self.config.model, error.parameter)
        return repaired

    def _attempt(self, request: HttpRequest, cancellation: Cancellation, call: OpenCall) -> Generator[Event]:
        with self.transport.send(request, cancellation) as answer:
            call.has_left = True
            if not 200 <= answer.status < 300:
                raise self.provider.error(answer.status, answer.headers, body_so_far(answer))
            call.is_accepted = True
            yield from storable_events(parsed(self.provider, answer), origin=self._origin)
            answer.settle()

    def _presentable(self, error: LLMError) -> LLMError:
        error.message = self._redaction.clean(error.message) or error.default_message
        error.args = (error.message,)
        if isinstance(error, Blocked):
            logger.warning("a call of %r at %s was blocked: %s", self.config.model, self._origin, error.detail)
        return error


def origin_of(config: ModelConfig, provider: Provider) -> str:
    """Who signs what this model thinks: a provider's format is spoken by relays as well, which sign with other keys."""
    try:
        host = urlsplit(config.base_url or provider.base_url).hostname
    except ValueError:
        host = ""
    return f"{config.provider}@{host or ''}"


def _named_alike(params: Mapping[str, JSON]) -> dict[str, JSON]:
    """The parameters under the names that every provider knows."""
    return {_OTHER_NAMES.get(name, name): value for name, value in params.items()}


def provider_named(name: str) -> Provider:
    try:
        return PROVIDERS[name]
    except KeyError:
        raise UnknownProvider from None
