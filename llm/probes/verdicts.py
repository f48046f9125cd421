"""What the list of models and the chat together say about the key, the model and the chat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llm.errors import BadCredentials, LLMError, ModelNotFound, QuotaExceeded
from llm.probes import remedies
from llm.probes.listing import Listing
from llm.probes.questions import latency
from llm.probes.steps import ProbeStep, failed, needs, passed, skipped
from llm.providers._base import Provider
from llm.types import ModelConfig


@dataclass(frozen=True, slots=True)
class Verdicts:
    """A key that is not proved holds back the verdict on the model too, so that steps come in their order."""

    config: ModelConfig
    provider: Provider
    listing: Listing

    def of_list(self) -> Iterator[ProbeStep]:
        if self._unlisted:
            yield self._key() if self._key_is_proved else skipped("key", "nothing that needs a key was asked")
            yield self._unknown_model(ModelNotFound(f"It is not among {len(self.listing.names)} listed ids."))
        elif self._key_is_proved:
            yield self._key()
            if self._listed:
                yield passed("model", "Listed.")

    def of_answer(self, seconds: float) -> Iterator[ProbeStep]:
        yield from self._still_open(key=self._key(), model=passed("model", "It answered."))
        yield passed("chat", f"Answered in {latency(seconds)}.", seconds=seconds)

    def of_refusal(self, error: LLMError, seconds: float) -> Iterator[ProbeStep]:
        unclear = "the chat did not get far enough to tell"
        match error:
            case BadCredentials() if not self._key_is_proved:
                refused = failed("key", error, remedy=remedies.of_key(self.config))
                yield from self._still_open(key=refused, model=needs("model", "key"))
                yield needs("chat", "key")
            case ModelNotFound() if not self._listed:
                yield from self._still_open(key=self._key(), model=self._unknown_model(error))
                yield needs("chat", "model")
            case _:
                known = self._key() if isinstance(error, QuotaExceeded) else skipped("key", unclear)
                yield from self._still_open(key=known, model=skipped("model", unclear))
                remedy = remedies.of_chat(error, self.config, self.provider)
                yield failed("chat", error, remedy=remedy, seconds=seconds)

    def _still_open(self, *, key: ProbeStep, model: ProbeStep) -> Iterator[ProbeStep]:
        if not self._key_is_proved:
            yield key
            yield passed("model", "Listed.") if self._listed else model
        elif not self._listed:
            yield model

    def _key(self) -> ProbeStep:
        if not self.config.api_key:
            return skipped("key", "none is stored, and none was asked for")
        return passed("key", "Accepted." if self.provider.needs_key else "Accepted, or not asked for.")

    def _unknown_model(self, error: LLMError) -> ProbeStep:
        return failed("model", error, remedy=self.listing.hint(self.config.model))

    @property
    def _key_is_proved(self) -> bool:
        return self.listing.proves_key and bool(self.config.api_key)

    @property
    def _listed(self) -> bool:
        return self.config.model in self.listing.names

    @property
    def _unlisted(self) -> bool:
        return self.listing.lacks(self.config.model)
