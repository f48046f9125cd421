"""Connection tests: what a model's provider says, what asking it cost, and the result that its row keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from llm import PROBE_TIMEOUTS, Transport, probe
from llm.probes import STEPS
from registry.addresses import address_policy
from registry.models import LLMModel
from registry.usage import record_calls

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from llm import ProbeStep
    from registry.querysets import Reader

# Seconds after which no further question is put. Somebody looks at a spinner.
PATIENCE = 60.0
LABEL = "{} (connection test)"
LONGEST_NAME = 200  # characters; a row's label holds 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTest:
    at: datetime
    steps: tuple[ProbeStep, ...]

    @property
    def ok(self) -> bool:
        return all(step.status != "failed" for step in self.steps)

    def as_json(self) -> list[dict[str, str | float]]:
        """The steps as they are stored and shown."""
        return [
            {
                "name": step.name,
                "status": step.status,
                "detail": step.detail,
                "remedy": step.remedy,
                "code": step.code,
                "seconds": round(step.seconds, 3),
            }
            for step in self.steps
        ]


def run_stored(user: Reader, model: LLMModel) -> ConnectionTest:
    """Test a model with its stored key and address, and keep the result on its row if that is still there.

    `CredentialUnreadable` or `UnusableSettings` where there is nothing to test. Whether the user may do it is for the
    caller to ask. No transaction may be open: the provider is waited for.
    """
    test = _tested(model)
    try:
        _keep(test, user, model)
    except IntegrityError:  # PostgreSQL checks references at the commit: the row was deleted a moment ago
        _keep(test, user, model)
    return test


def run_unsaved(user: Reader, model: LLMModel) -> ConnectionTest:
    """Test a model that is not stored, under the address policy of its connection's owner."""
    test = _tested(model)
    with transaction.atomic():
        _note_calls(test, user, model_id=None, name=model.model_id)
    return test


def _tested(model: LLMModel) -> ConnectionTest:
    transport = Transport(address_policy(model.connection.owner_id), timeouts=PROBE_TIMEOUTS)
    steps = tuple(probe(model.to_config(), transport=transport, patience=PATIENCE))
    return ConnectionTest(at=timezone.now(), steps=steps)


@transaction.atomic
def _keep(test: ConnectionTest, user: Reader, model: LLMModel) -> None:
    _note_calls(test, user, model_id=model.pk, name=model.name)
    # Not `save`: whoever edited the row meanwhile keeps that, and `updated_at` is theirs.
    LLMModel.objects.filter(pk=model.pk).update(
        last_test_at=test.at, last_test_ok=test.ok, last_test_steps=test.as_json()
    )


def _note_calls(test: ConnectionTest, user: Reader, *, model_id: UUID | None, name: str) -> None:
    """A step is to its test what a round is to its turn; a step may have asked twice."""
    calls = [
        replace(call, round=STEPS.index(step.name), attempt=attempt)
        for step in test.steps
        for attempt, call in enumerate(step.calls)
    ]
    label = LABEL.format(name[:LONGEST_NAME])
    record_calls(calls, turn=uuid4(), user_id=user.pk, model_id=model_id, model_label=label)
