"""Writes that no form sees: the seal alone has to hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from tempfile import NamedTemporaryFile
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.serializers import serialize
from django.db import connection as database
from django.db.models import F, Value
from django.db.models.functions import Replace

from registry.models import Connection, LLMModel
from tests.security.attempts import Attempt, Stage

SEALED = ("sealed_api_key", "sealed_headers")


def rows(stage: Stage, which: str = "private") -> Any:
    row = {"private": stage.world.private, "global": stage.world.everybodys}[which].connection
    return Connection.objects.filter(pk=row.pk)


def update(which: str = "private", **columns: Any) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        rows(stage, which).update(**{name: filled(value, stage) for name, value in columns.items()})
        return "written"

    return act


def filled(value: Any, stage: Stage) -> Any:
    words = {"<there>": f"{stage.there}/v1", "<bob>": stage.world.people["bob"].pk}
    return words.get(value, value) if isinstance(value, str) else value


def sql(statement: str, *values: str) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        row = stage.world.private.connection
        key = row.pk.hex if database.vendor == "sqlite" else str(row.pk)
        with database.cursor() as cursor:
            cursor.execute(
                f"UPDATE llm_connections SET {statement} WHERE id = %s", [*(filled(v, stage) for v in values), key]
            )
            assert cursor.rowcount == 1
        return "written"

    return act


def bulk_update(stage: Stage) -> str:
    row = rows(stage).get()
    row.base_url = f"{stage.there}/v1"
    Connection.objects.bulk_update([row], ["base_url"])
    return "written"


def with_an_expression(stage: Stage) -> str:
    rows(stage).update(base_url=Replace(F("base_url"), Value(stage.home), Value(stage.there)))
    return "written"


def copied(owner: str | None, there: bool, columns: dict[str, str] | None = None) -> Callable[[Stage], str]:
    """The sealed columns of alice's in a new row, with a model for who is to use it."""

    def act(stage: Stage) -> str:
        original = rows(stage).get()
        copy = Connection(
            owner=stage.world.people[owner] if owner else None,
            name="copy",
            provider=original.provider,
            base_url=f"{stage.there}/v1" if there else original.base_url,
        )
        for target, source in (columns or dict(zip(SEALED, SEALED, strict=True))).items():
            setattr(copy, target, getattr(original, source))
        Connection.objects.bulk_create([copy])
        LLMModel.objects.create(connection=copy, name="copy", model_id="x")
        return "written"

    return act


def the_usual_way_to_copy(stage: Stage) -> str:
    row = rows(stage).get()
    row.pk, row._state.adding, row.base_url = uuid4(), True, f"{stage.there}/v1"
    row.save()
    LLMModel.objects.create(connection=row, name="copy", model_id="x")
    return "written"


def saved_as_if_it_were_new(stage: Stage) -> str:
    row = rows(stage).get()
    row._state.adding, row.base_url = True, f"{stage.there}/v1"
    row.save(force_update=True)
    return "written"


def saved_past_the_checks(stage: Stage) -> str:
    row = rows(stage).get()
    row.base_url = f"{stage.there}/v1"
    row.save_base(raw=True)
    return "written"


def saved_by_name(stage: Stage) -> str:
    row = rows(stage).get()
    row.base_url = f"{stage.there}/v1"
    try:
        row.save(update_fields=["base_url"])
    except ValidationError as refusal:
        return refusal.code
    return "written"


def loaded(**changes: Any) -> Callable[[Stage], str]:
    """A dump of alice's connection that somebody edited."""

    def act(stage: Stage) -> str:
        (dumped,) = json.loads(serialize("json", rows(stage)))
        for name, value in changes.items():
            target = dumped if name == "pk" else dumped["fields"]
            target[name] = filled(value, stage)
        with NamedTemporaryFile("w", suffix=".json") as file:
            json.dump([dumped], file)
            file.flush()
            call_command("loaddata", file.name, verbosity=0)
        LLMModel.objects.filter(connection__in=rows(stage)).update(connection=dumped["pk"])
        return "written"

    return act


def swapped(stage: Stage) -> str:
    """The key where the headers belong, and the other way round."""
    rows(stage).update(sealed_api_key=F("sealed_headers"), sealed_headers=F("sealed_api_key"))
    return "written"


def of_another_row(column: str, there: bool) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        sealed = rows(stage, "global").values_list(column, flat=True).get()
        rows(stage).update(**{column: sealed}, **({"base_url": f"{stage.there}/v1"} if there else {}))
        return "written"

    return act


def model_behind_another_connection(stage: Stage) -> str:
    """Alice's model behind everybody's connection is everybody's, and speaks to that connection's server."""
    stage.world.private.model.connection = stage.world.everybodys.connection
    stage.world.private.model.save()
    return "written"


KEY_IN_HEADERS = {"sealed_headers": "sealed_api_key"}
HEADERS_IN_KEY = {"sealed_api_key": "sealed_headers"}
ANOTHER_ID = "0b5e55ed-0000-4000-8000-00000000000f"

WRITES = {
    "queryset.update, another address": update(base_url="<there>"),
    "queryset.update, everybody's at another address": update("global", base_url="<there>"),
    "queryset.update, another provider and no address": update(provider="openai", base_url=""),
    "queryset.update, another owner": update(owner_id="<bob>"),
    "queryset.update, another owner and address": update(owner_id="<bob>", base_url="<there>"),
    "queryset.update, no owner": update(owner_id=None),
    "queryset.update, no owner and another address": update(owner_id=None, base_url="<there>"),
    "queryset.update, everybody's to one": update("global", owner_id="<bob>", base_url="<there>"),
    "queryset.update, an expression": with_an_expression,
    "bulk_update": bulk_update,
    "SQL, another address": sql("base_url = %s", "<there>"),
    "SQL, another owner": sql("owner_id = %s", "<bob>"),
    "SQL, no owner and another address": sql("owner_id = NULL, base_url = %s", "<there>"),
    "SQL, an address with a user": sql("base_url = 'http://127.0.0.1@' || substr(%s, 8)", "<there>"),
    "save_base": saved_past_the_checks,
    "a row saved as if it were new": saved_as_if_it_were_new,
    "a copy with another id": the_usual_way_to_copy,
    "a copy, same owner, same address": copied("alice", there=False),
    "a copy, same owner, another address": copied("alice", there=True),
    "a copy, another owner, same address": copied("bob", there=False),
    "a copy, another owner, another address": copied("bob", there=True),
    "a copy, for everybody, same address": copied(None, there=False),
    "a copy, for everybody, another address": copied(None, there=True),
    "a copy, the key in place of the headers": copied("bob", there=True, columns=KEY_IN_HEADERS),
    "a copy, the headers in place of the key": copied("bob", there=True, columns=HEADERS_IN_KEY),
    "the key and the headers exchanged": swapped,
    "the key of another row": of_another_row("sealed_api_key", there=False),
    "the key of another row, another address": of_another_row("sealed_api_key", there=True),
    "the headers of another row": of_another_row("sealed_headers", there=False),
    "the headers of another row, another address": of_another_row("sealed_headers", there=True),
    "loaddata, another address": loaded(base_url="<there>"),
    "loaddata, another owner": loaded(owner="<bob>"),
    "loaddata, no owner, another address": loaded(owner=None, base_url="<there>"),
    "loaddata, another id": loaded(pk=ANOTHER_ID),
    "loaddata, another id and address": loaded(pk=ANOTHER_ID, base_url="<there>"),
}
ATTEMPTS = [Attempt(f"database: {name}", act, "written", then="credential_unreadable") for name, act in WRITES.items()]
ATTEMPTS += [
    Attempt("database: save(update_fields=...)", saved_by_name, "key_required"),
    Attempt("database: a model behind another connection", model_behind_another_connection, "written"),
]
