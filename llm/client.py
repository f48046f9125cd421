"""One client for every model: what a caller says goes to the provider, what the provider says comes back as events."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from llm.addresses import AddressPolicy
from llm.errors import BadRequest, Cancelled, LLMError, ProviderError, Truncated, UnknownProvider
from llm.estimate import characters_in, estimate
from llm.history import History, fit_history
from llm.loop import Offered, Rounds, specs_of
from llm.providers import PROVIDERS
from llm.providers._base import Provider
from llm.redaction import Redaction
from llm.repairs import MOST_REPAIRS, Repairs, without
from llm.reply import Reply, ReplyBuilder
from llm.retry import Retry
from llm.storable import storable_events
from llm.transport import Answer, Sender, transport_for
from llm.types import (
    JSON,
    Cancellation,
    ChatRequest,
    Event,
    Finish,
    HttpRequest,
    Image,
    Message,
    ModelConfig,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolSpec,
)

LONGEST_ERROR_BODY = 64 * 1024
repairs = Repairs()
# What a parser meets when the JSON is sound and its shape is not.
UNEXPECTED_SHAPE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)


class UnifiedLLMClient:
    """Talks to the model of `config`. Without a `transport` it reaches public https addresses only."""

    def __init__(self, config: ModelConfig, *, transport: Sender | None = None, retry: Retry = Retry()) -> None:  # noqa: B008  frozen
        self.config = config
        self.provider = provider_named(config.provider)
        self.transport = transport or transport_for(AddressPolicy())
        self.retry = retry
        self._redaction = Redaction(config)

    def chat(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Offered] = (),
        cancellation: Cancellation | None = None,
        **params: JSON,
    ) -> Reply:
        """The whole answer."""
        reply = ReplyBuilder()
        for event in self.stream(messages, tools=tools, cancellation=cancellation, **params):
            reply.add(event)
        return reply.reply()

    def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Offered] = (),
        cancellation: Cancellation | None = None,
        **params: JSON,
    ) -> Iterator[Event]:
        """Events as they come. `Finish` is the last one, or an `LLMError` is raised; leaving early ends the call.

        Calls of a `Tool` run, and the model goes on with their results; those of a `ToolSpec` end the answer.
        """
        specs, cancellation = specs_of(tools), cancellation or Cancellation()

        def ask(history: Sequence[Message], changed: Mapping[str, JSON]) -> Generator[Event]:
            request = self._chat_request(history, specs, {**params, **changed})
            yield from self._stream(request, cancellation)

        tool_choice = {**self.config.params, **params}.get("tool_choice")
        rounds = Rounds(ask, messages, tools, tool_choice=tool_choice, cancellation=cancellation)
        try:
            yield from rounds.events()
        except LLMError as error:
            raise self._presentable(error) from None

    def history(self, messages: Sequence[Message]) -> History:
        """The conversation as this model's provider takes it, and what is left out of it."""
        return fit_history(messages, provider=self.config.provider)

    def _chat_request(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec], params: dict[str, JSON]
    ) -> ChatRequest:
        """Parameters of the call beat those of the model; None takes one away."""
        fitting = self.history(messages).messages
        if not self.config.vision and any(isinstance(part, Image) for message in fitting for part in message.parts):
            raise BadRequest("This model cannot see images. Remove the image or pick a model that can.")
        if tools and not self.config.tools:
            raise BadRequest("This model cannot call tools. Turn the tools off or pick a model that can.")
        merged = {name: value for name, value in {**self.config.params, **params}.items() if value is not None}
        return ChatRequest(messages=fitting, tools=tuple(tools), params=merged, stream=self.config.streaming)

    def _stream(self, request: ChatRequest, cancellation: Cancellation) -> Iterator[Event]:
        first, events = self._begin(request, cancellation)
        with closing(events):
            yield first
            yield from events

    def _begin(self, asked: ChatRequest, cancellation: Cancellation) -> tuple[Event, Generator[Event]]:
        """The first event and the others. Until there is a first one a failure may be tried again."""
        request = repairs.applied(self.provider.build(self.config, asked), self.config.model)
        refused, failures = list[str](), 0
        while True:
            events = with_end(self._attempt(request, cancellation), asked.messages)
            try:
                return next(events), events
            except BadRequest as error:
                request = self._without_refused(request, error, refused)
                continue
            except LLMError as error:
                failures += 1
                delay = self.retry.delay(error, failures=failures)
                if delay is None:
                    raise
            self.retry.pause(delay, cancellation)

    def _without_refused(self, request: HttpRequest, error: BadRequest, refused: list[str]) -> HttpRequest:
        """The request without the parameter that was refused; the error where there is nothing to mend."""
        refused.append(error.parameter)
        repaired = without(request, error.parameter, refused=refused) if len(refused) <= MOST_REPAIRS else None
        if repaired is None:
            raise error
        repairs.remember(request, self.config.model, error.parameter)
        return repaired

    def _attempt(self, request: HttpRequest, cancellation: Cancellation) -> Generator[Event]:
        with self.transport.send(request, cancellation) as answer:
            if not 200 <= answer.status < 300:
                raise self._refusal(answer)
            for event in storable_events(parsed(self.provider, answer), origin=self.config.provider):
                if isinstance(event, Finish):
                    answer.settle()
                yield event

    def _refusal(self, answer: Answer) -> LLMError:
        error = self.provider.error(answer.status, answer.headers, body_so_far(answer))
        error.status = answer.status if error.status is None else error.status
        return error

    def _presentable(self, error: LLMError) -> LLMError:
        error.message = self._redaction.clean(error.message) or error.default_message
        error.args = (error.message,)
        return error


def provider_named(name: str) -> Provider:
    try:
        return PROVIDERS[name]
    except KeyError:
        raise UnknownProvider from None


def parsed(provider: Provider, answer: Answer) -> Iterator[Event]:
    try:
        yield from provider.parse(answer)
    except UNEXPECTED_SHAPE as error:
        raise ProviderError(f"The provider sent something unexpected ({type(error).__name__}). Try again.") from None


def with_end(events: Generator[Event], asked: Sequence[Message]) -> Generator[Event]:
    """Events up to the first `Finish`, which gets an estimate where no usage was reported.

    Without one the answer is not complete, whatever the parser thinks.
    """
    answered = 0
    with closing(events):
        for event in events:
            if isinstance(event, TextDelta):
                answered += len(event.text)
            elif isinstance(event, Finish):
                yield event if event.usage else replace(event, usage=estimate(asked, answered))
                return
            elif isinstance(event, ReasoningDelta | ToolCall):
                answered += characters_in(event)
            yield event
    raise Truncated


def body_so_far(answer: Answer) -> bytes:
    """What can be read of an error's body. Its status says more than a failure to read all of it would."""
    body = bytearray()
    try:
        for chunk in answer:
            body += chunk
            if len(body) >= LONGEST_ERROR_BODY:
                break
    except Cancelled:
        raise
    except LLMError:
        pass
    return bytes(body[:LONGEST_ERROR_BODY])
