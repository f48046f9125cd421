"""What a connection test says: one step after the other, safe to show and to store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from llm.errors import LLMError
from llm.provider_calls import ProviderCall

StepName: TypeAlias = Literal["address", "reachable", "key", "model", "chat", "stream", "tools", "vision"]
StepStatus: TypeAlias = Literal["passed", "failed", "skipped"]

STEPS: tuple[StepName, ...] = ("address", "reachable", "key", "model", "chat", "stream", "tools", "vision")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStep:
    """`detail`: what was found, or why the step was skipped. A failed step has a `remedy` and its error's `code`.

    `calls`: what was asked of the model for it. The question that also settles `key` and `model` is that of `chat`.
    """

    name: StepName
    status: StepStatus
    detail: str = ""
    remedy: str = ""
    code: str = ""
    seconds: float = 0.0
    calls: tuple[ProviderCall, ...] = ()


class Unfit(LLMError):
    """An answer came, but not the one that a model with this ability gives."""

    code = "unfit_answer"


def passed(name: StepName, detail: str = "", *, seconds: float = 0.0) -> ProbeStep:
    return ProbeStep(name=name, status="passed", detail=detail, seconds=seconds)


def skipped(name: StepName, reason: str, *, seconds: float = 0.0) -> ProbeStep:
    return ProbeStep(name=name, status="skipped", detail=reason, seconds=seconds)


def failed(name: StepName, error: LLMError, *, remedy: str = "", seconds: float = 0.0) -> ProbeStep:
    """An error's own sentence says what to do; where the test knows better, it says what happened."""
    detail = error.message if remedy else ""
    return ProbeStep(
        name=name, status="failed", detail=detail, remedy=remedy or error.message, code=error.code, seconds=seconds
    )


def needs(name: StepName, missing: StepName) -> ProbeStep:
    return skipped(name, f"needs {missing}")
