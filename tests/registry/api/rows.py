"""Rows of alice, of bob and of everybody with ids that stay the same, and what the tables hold."""

from django.contrib.auth.models import User

from registry.models import APIToken, Connection, DefaultModel, LLMModel, UsageRecord

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"

# Table -> whose a row is.
TABLES = {
    Connection: "owner",
    LLMModel: "connection__owner",
    APIToken: "user",
    DefaultModel: "user",
    UsageRecord: "user",
    User: "pk",
}
OWNERS = ("alice", "bob", None)
KINDS = ("connection", "model", "second model", "inline connection", "inline model", "token")
NOBODYS = "00000000-0000-4000-8000-000000000000"
IDS = {
    (owner, kind): f"0000000{i}-0000-4000-8000-00000000000{j}"
    for i, owner in enumerate(OWNERS, 1)
    for j, kind in enumerate(KINDS)
}


def make_rows(owner: User | None, base_url: str) -> None:
    """A connection with a key and two models, one that was made with its model, and a token."""
    ids = {kind: IDS[owner and owner.username, kind] for kind in KINDS}
    address = {"owner": owner, "provider": "openai_compatible", "base_url": base_url}
    connection = Connection(id=ids["connection"], name="with key", **address)
    connection.set_key(KEY, by=owner)
    connection.save()
    inline = Connection.objects.create(id=ids["inline connection"], name="inline", is_inline=True, **address)
    for kind, of in {"model": connection, "second model": connection, "inline model": inline}.items():
        LLMModel.objects.create(id=ids[kind], connection=of, name=kind, model_id="scripted-model")
    if owner:
        token, _ = APIToken.objects.create(user=owner, name="laptop")
        APIToken.objects.filter(pk=token.pk).update(id=ids["token"])


def everything(*, but_of: User | None = None) -> dict[str, list[dict]]:
    """All rows; without those of one user."""
    others = {table: {owner: but_of.pk} if but_of else {"pk__in": []} for table, owner in TABLES.items()}
    return {
        table.__name__: list(table.objects.exclude(**whose).order_by("pk").values()) for table, whose in others.items()
    }
