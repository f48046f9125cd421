"""Every action of the websocket, tried by every reader with every id that belongs to somebody else."""

import asyncio
from dataclasses import dataclass, fields
from typing import get_args
from uuid import UUID, uuid4

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from chat import wire
from chat.database import in_database_thread
from chat.models import Message
from chat.routing import websocket_urlpatterns
from registry.models import Connection
from tests.live_site import wait_for
from tests.security import policy
from tests.security.asking import READERS as PEOPLE
from tests.security.asking import client_of
from tests.security.database import changes, dump
from tests.security.routes import spelled
from tests.security.sockets import Viewer, asked, session_of
from tests.security.test_sign_in_ends import change_password, deactivate, delete_account

LINES = policy.socket_lines()


def missing_lines(requests):
    """A sentence for each request, and each id in one, of which the table says nothing."""
    known = {(line.method, line.row) for line in LINES}
    needed = {(request.__name__.lower(), name) for request in requests for name in (names_of_rows(request) or ["-"])}
    return [f"{action} {name}: add a line to SOCKET in tests/security/policy.py." for action, name in needed - known]


def names_of_rows(request):
    return [field.name for field in fields(request) if "UUID" in str(field.type) or field.name == "model"]


def test_every_request_is_in_the_table():
    assert missing_lines(get_args(wire.Request)) == []
    assert [f"/{spelled(str(each.pattern))}" for each in websocket_urlpatterns] == [LINES[0].path]


def test_a_request_that_nobody_thought_of_is_found():
    @dataclass
    class Share:
        conversation: UUID
        note: str

    assert missing_lines([Share]) == ["share conversation: add a line to SOCKET in tests/security/policy.py."]


def frame_for(line, world, reader):
    """The reader's own ids and everybody's model, but for what the line names."""
    mine, hers = world.chats[PEOPLE[reader] or "bob"], world.chats["alice"]
    private = {
        "model": world.private.ids["model"],
        "conversation": hers.conversation.pk,
        "parent": hers.answer.pk,
        "message": hers.answer.pk,
        "turn": hers.answer.pk,
        "client_id": hers.question.client_id,
    }
    own = {
        "send": {"client_id": uuid4(), "text": "hello", "model": world.everybodys.ids["model"]},
        "regenerate": {"client_id": uuid4(), "message": mine.answer.pk, "model": world.everybodys.ids["model"]},
    }.get(line.method, {})
    if line.row == "parent":
        own |= {"conversation": mine.conversation.pk}
    named = {} if line.row == "-" else {line.row: private[line.row]}
    return {"type": line.method} | {name: str(value) for name, value in (own | named).items()}


@pytest.mark.parametrize("line", LINES, ids=str)
def test_a_line_holds(line, world, engine):
    if line.method == "stop":
        being_written = {"status": "streaming", "lease_until": timezone.now() + timezone.timedelta(hours=1)}
        Message.objects.filter(pk=world.chats["alice"].answer.pk).update(**being_written)
    # The owner comes last: what she may do changes what the others ask for.
    for reader in sorted(line.cells, key=lambda name: name == "owner"):
        if reader == "inactive":
            continue
        check(line, world, engine, reader)
    check(line, world, engine, "inactive")


def check(line, world, engine, reader):
    session = session_of(client_of(world, reader))
    before = dump()
    heard = asked(session, **frame_for(line, world, reader))
    wait_for(lambda: not engine.runner.is_busy)
    found = changes(before, dump())
    assert heard + ("!" if found else "") == line.cells[reader], (reader, found)


def log_out(world):
    Session.objects.all().delete()


def take_the_model_back(world):
    Connection.objects.filter(pk=world.everybodys.connection.pk).update(owner=world.people["carol"])


def delete_the_model(world):
    world.everybodys.model.delete()


def of_bob(end):
    def end_bobs(world):
        end(world.people["bob"])

    end_bobs.__name__ = end.__name__
    return end_bobs


# What happens while a socket is open -> what its viewer hears then.
ENDS = {
    of_bob(deactivate): ["signed_out", "closed"],
    of_bob(change_password): ["signed_out", "closed"],
    of_bob(delete_account): ["signed_out", "closed"],
    log_out: ["signed_out", "closed"],
    take_the_model_back: ["unknown"],
    delete_the_model: ["unknown"],
}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_an_open_socket_knows_what_ended(world, engine, end):
    session = session_of(client_of(world, "other"))
    hello = {"type": "send", "text": "hello", "model": world.everybodys.ids["model"]}

    async def talk():
        async with Viewer(session) as viewer:
            assert await viewer.answer_to(client_id=str(uuid4()), **hello) == "accepted"
            while await viewer.hear() not in {"done", "failed"}:
                pass
            await in_database_thread(end)(world)
            heard = [await viewer.answer_to(client_id=str(uuid4()), **hello)]
            return [*heard, await viewer.hear()] if len(ENDS[end]) > 1 else heard

    assert asyncio.run(talk()) == ENDS[end]
