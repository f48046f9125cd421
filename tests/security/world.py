"""People, and rows of every kind whose texts say whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from uuid import UUID, uuid4, uuid5

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from chat.models import Conversation, Message
from registry.models import AllowedEndpoint, APIToken, Connection, DefaultModel, LLMModel, UsageRecord

PASSWORD = "correct horse battery staple"
PLACE = UUID("0b5e55ed-0000-4000-8000-000000000000")
# Nothing listens there, and no policy lets a call go there: whoever uses one of these models gets a plain refusal.
NOWHERE = "http://127.0.0.1:9"

# A word stands in every text of one owner, and nobody else may ever read it.
ALICES = "quiet-otter"
ALICES_CHATS = "whispering-heron"
CAROLS = "silent-marten"
OF_GLOBAL_ROWS = "hidden-badger"
WORDS_IN_CHATS = {"alice": ALICES_CHATS, "carol": CAROLS}

# Who reads them, and who in the admin besides.
MAY_READ = {ALICES: {"owner"}, ALICES_CHATS: {"owner"}, CAROLS: set(), OF_GLOBAL_ROWS: {"holder", "superuser"}}
MAY_READ_BESIDES = [
    # Who answers for the bill sees which models were used, by name.
    ("/admin/registry/usagerecord/", {ALICES: {"superuser", "holder"}, CAROLS: {"superuser", "holder"}}),
    ("/admin/", {ALICES: {"superuser"}, CAROLS: {"superuser"}}),
]

KEYS = {
    ALICES: "sk-proj-otter/7Kw2+Qx9Zr4=Vb6Lm8Tn1Yp3Hd5",
    CAROLS: "sk-proj-marten/3Fj6+Gs8Dk2=Wq4Xc7Zv9Bn1Mt",
    OF_GLOBAL_ROWS: "sk-proj-badger/9Rt5+Ly7Pm3=Nc6Kb8Jd2Hf4Gs",
}
HEADERS = {
    ALICES: {"X-Team-Secret": "tarn/Zu8+Ti5=Ro2Ep7Wa9"},
    CAROLS: {"X-Team-Secret": "fell/Bq4+Hx7=Ld1Sv6Yn3"},
    OF_GLOBAL_ROWS: {"X-Team-Secret": "moor/Jm2+Kc8=Fw5Gt1Pe6"},
}

PEOPLE = {
    "alice": {},
    "bob": {},
    "carol": {},
    "staff": {"is_staff": True},
    "holder": {"is_staff": True},
    "superuser": {"is_staff": True, "is_superuser": True},
}
# Far above what a sequence hands out, so that rows made by the tests get other ids.
FIRST_ID = 900_001


@dataclass(frozen=True)
class Rows:
    """One owner's, or with no owner everybody's; `ids` by kind, as a path or a body names them."""

    connection: Connection
    model: LLMModel
    ids: dict[str, str]


@dataclass(frozen=True)
class Chat:
    conversation: Conversation
    question: Message
    answer: Message


@dataclass(frozen=True)
class World:
    people: dict[str, User]
    tokens: dict[str, str]
    chats: dict[str, Chat]
    private: Rows
    everybodys: Rows
    bystanders: Rows

    def ids(self, row: str) -> dict[str, str]:
        """By kind: alice's before everybody's, unless the line says `global`, or `own`: what nobody is refused."""
        private, everybodys = self.private.ids, self.everybodys.ids
        return private | everybodys if row in {"global", "own"} else everybodys | private


def make_world(address: str = f"{NOWHERE}/{{word}}/v1") -> World:
    """`address` is that of every connection; `{word}` in it is the owner's."""
    people = make_people()
    made = {name: APIToken.objects.create(user=user, name=f"{name}'s") for name, user in people.items()}
    tokens = {name: token for name, (row, token) in made.items()}
    chats = make_chats(people)
    private = make_rows(people["alice"], ALICES, address)
    private.ids.update(
        token=str(made["alice"][0].id),
        conversation=str(chats["alice"].conversation.pk),
        message=str(chats["alice"].answer.pk),
        user=str(people["alice"].pk),
    )
    everybodys = make_rows(None, OF_GLOBAL_ROWS, address)
    everybodys.ids["group"] = str(model_managers().pk)
    endpoint = AllowedEndpoint.objects.create(scheme="http", host="10.0.0.4", port=8000, note=OF_GLOBAL_ROWS)
    everybodys.ids["endpoint"] = str(endpoint.pk)
    return World(people, tokens, chats, private, everybodys, bystanders=make_rows(people["carol"], CAROLS, address))


def make_people() -> dict[str, User]:
    password = hashed_password()
    users = [
        User(pk=FIRST_ID + number, username=name, password=password, **rank)
        for number, (name, rank) in enumerate(PEOPLE.items())
    ]
    people = {user.username: user for user in User.objects.bulk_create(users)}
    people["holder"].groups.add(model_managers())
    return people


def model_managers() -> Group:
    """As the migration makes it; tests with threads empty all tables, that one too."""
    group, is_new = Group.objects.get_or_create(name="Model managers")
    if is_new:
        group.permissions.add(Permission.objects.get(codename="manage_global"))
    return group


@cache
def hashed_password() -> str:
    return make_password(PASSWORD)


def make_chats(people: dict[str, User]) -> dict[str, Chat]:
    chats = {name: new_chat(user, WORDS_IN_CHATS.get(name, name)) for name, user in people.items()}
    Conversation.objects.bulk_create(chat.conversation for chat in chats.values())
    Message.objects.bulk_create(chat.question for chat in chats.values())
    Message.objects.bulk_create(chat.answer for chat in chats.values())
    for chat in chats.values():
        chat.conversation.active_leaf = chat.answer
    Conversation.objects.bulk_update([chat.conversation for chat in chats.values()], ["active_leaf"])
    return chats


def new_chat(owner: User, word: str) -> Chat:
    conversation = Conversation(owner=owner, title=f"{word} chat", system_prompt=f"{word} system")
    question = Message(conversation=conversation, role="user", text=f"{word} question", client_id=uuid4())
    answer = Message(conversation=conversation, parent=question, role="assistant", text=f"{word} answer")
    return Chat(conversation, question, answer)


def make_rows(owner: User | None, word: str, address: str) -> Rows:
    connection = make_connection(owner, word, address.format(word=word))
    name = f"{word} model" if owner else "Everybody's model"
    model = LLMModel.objects.create(
        pk=uuid5(PLACE, f"{word} model"),
        connection=connection,
        name=name,
        model_id=name.lower().replace(" ", "-"),
        default_params={"seed": 1, "user": word},
        last_test_at=timezone.now(),
        last_test_ok=True,
        last_test_steps=[
            {"name": "address", "status": "passed", "detail": word, "remedy": "", "code": "", "seconds": 0.1}
        ],
    )
    default = DefaultModel.objects.create(user=owner, model=model)
    usage = UsageRecord.objects.create(
        user=owner, model=model, model_label="a model", turn=uuid5(PLACE, f"{word} turn"), duration_ms=1
    )
    ids = {"connection": connection, "model": model, "default": default, "usage": usage}
    return Rows(connection, model, {kind: str(row.pk) for kind, row in ids.items()})


def make_connection(owner: User | None, word: str, address: str) -> Connection:
    name = f"{word} connection" if owner else "Everybody's connection"
    connection = Connection(
        pk=uuid5(PLACE, f"{word} connection"),
        owner=owner,
        name=name,
        provider="openai_compatible",
        base_url=address,
        options={"service_tier": word},
    )
    for column, value in sealed_columns(connection, word).items():
        setattr(connection, column, value)
    Connection.objects.bulk_create([connection])
    return connection


_sealed: dict[tuple[str, str], dict[str, object]] = {}


def sealed_columns(connection: Connection, word: str) -> dict[str, object]:
    """Sealed once: deriving a key for every test would take most of their time."""
    place = (word, connection.base_url)
    if place not in _sealed:
        connection.set_key(KEYS[word], by=None)
        connection.set_headers(HEADERS[word])
        connection.seal()
        columns = ("sealed_api_key", "sealed_headers")
        _sealed[place] = {name: getattr(connection, name) for name in columns} | {"key_preview": word}
    return _sealed[place]


def words_hidden_from(reader: str, path: str) -> set[str]:
    besides = next((readers for prefix, readers in MAY_READ_BESIDES if path.startswith(prefix)), {})
    return {word for word, readers in MAY_READ.items() if reader not in readers | besides.get(word, set())}
