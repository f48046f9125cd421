"""The connection test of one model, from its address to what it can do; every step is told as soon as it is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from llm.addresses import AddressPolicy
from llm.cancellation import Cancellation
from llm.client import provider_named
from llm.errors import BadCredentials, Cancelled, LLMError
from llm.probes import remedies
from llm.probes.listing import Listing, ask_for_models
from llm.probes.questions import Questions, has_answered
from llm.probes.steps import STEPS, ProbeStep, StepName, Unfit, failed, needs, passed, skipped
from llm.probes.verdicts import Verdicts
from llm.redaction import Redaction
from llm.transport import Timeouts, Transport
from llm.types import ModelConfig

# Somebody looks at a spinner meanwhile.
PROBE_TIMEOUTS = Timeouts(connect=5, first_byte=30, idle=15, total=45)
# No further question is put after this many seconds.
PATIENCE = 120.0


def probe(
    config: ModelConfig,
    *,
    transport: Transport | None = None,
    cancellation: Cancellation | None = None,
    patience: float = PATIENCE,
) -> Iterator[ProbeStep]:
    """All steps in their order, each as soon as it is known. Raises `Cancelled`, and no other `LLMError`.

    Without a `transport` it reaches public https addresses only; one with `PROBE_TIMEOUTS` keeps the test short.
    """
    transport = transport or Transport(AddressPolicy(), timeouts=PROBE_TIMEOUTS)
    clean = Redaction(config).clean
    for step in in_order(_Probe(config, transport, cancellation or Cancellation(), patience).steps()):
        yield replace(step, detail=clean(step.detail), remedy=clean(step.remedy))


def in_order(steps: Iterator[ProbeStep]) -> Iterator[ProbeStep]:
    """`steps`, and for each that they left out what it needs."""
    told: set[StepName] = set()
    missing: StepName = "address"
    for step in steps:
        yield step
        told.add(step.name)
        missing = step.name if step.status == "failed" else missing
    yield from (needs(name, missing) for name in STEPS if name not in told)


class _Probe:
    def __init__(self, config: ModelConfig, transport: Transport, cancellation: Cancellation, patience: float) -> None:
        self._config = config
        self._transport = transport
        self._cancellation = cancellation
        self._ends = time.monotonic() + patience
        self._questions = Questions(config, transport, cancellation)

    def steps(self) -> Iterator[ProbeStep]:
        """Ends early where nothing more can be learnt."""
        try:
            self._provider = provider_named(self._config.provider)
        except LLMError as error:
            yield failed("address", error)
            return
        yield (address := self._address())
        if address.status == "passed":
            yield from self._ask_for_models()

    def _address(self) -> ProbeStep:
        try:
            self._transport.policy.check(remedies.list_url(self._config, self._provider))
        except LLMError as error:
            return failed("address", error)
        return passed("address")

    def _ask_for_models(self) -> Iterator[ProbeStep]:
        began = time.monotonic()
        try:
            listing = ask_for_models(self._provider.models(self._config), self._transport, self._cancellation)
        except Cancelled:
            raise
        except BadCredentials as error:  # nobody has refused it: it cannot be written into a header
            yield skipped("reachable", "nothing was sent, because the key cannot be")
            yield failed("key", error)
        except LLMError as error:
            yield failed("reachable", error, seconds=time.monotonic() - began)
        else:
            yield passed("reachable", listing.summary, seconds=time.monotonic() - began)
            yield from self._after(listing)

    def _after(self, listing: Listing) -> Iterator[ProbeStep]:
        """What the list settles is told before the chat begins, and what it leaves open after it."""
        verdicts = Verdicts(self._config, self._provider, listing)
        told = list(verdicts.of_list())
        yield from told
        if any(step.status == "failed" for step in told):
            return
        began = time.monotonic()
        error = self._chat()
        seconds, calls = time.monotonic() - began, self._questions.take_calls()
        for step in verdicts.of_refusal(error, seconds) if error else verdicts.of_answer(seconds):
            yield replace(step, calls=calls) if step.name == "chat" else step
        if not error:
            yield from self._capabilities()

    def _chat(self) -> LLMError | None:
        """Why the model did not answer; None if it did."""
        try:
            answered = has_answered(self._questions.chat())
        except Cancelled:
            raise
        except LLMError as error:
            return error
        return None if answered else Unfit("The model answered with nothing.")

    def _capabilities(self) -> Iterator[ProbeStep]:
        config, questions = self._config, self._questions
        yield self._capability("stream", questions.stream, wanted=config.streaming)
        yield self._capability("tools", questions.tools, wanted=config.tools)
        yield self._capability("vision", questions.vision, wanted=config.vision)

    def _capability(self, name: StepName, question: Callable[[], ProbeStep], *, wanted: bool) -> ProbeStep:
        if not wanted:
            return skipped(name, "turned off for this model")
        began = time.monotonic()
        if began > self._ends:
            return skipped(name, "the test had taken too long already")
        try:
            step = question()
        except Cancelled:
            raise
        except LLMError as error:
            step = failed(name, error, remedy=remedies.of_capability(name, error))
        return replace(step, seconds=time.monotonic() - began, calls=self._questions.take_calls())
