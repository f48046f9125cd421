"""What is written about a connection, also together with its model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from rest_framework import serializers

from llm.errors import Blocked
from registry.api.changes import assign
from registry.api.fields import HeadersField, KeyField, StrictSerializer
from registry.grants import unreachable_reason
from registry.providers import provider_choices

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from registry.models import Connection

SECRETS = ("api_key", "headers")
CONNECTION_FIELDS = ("provider", "base_url", "options", *SECRETS)
PROVIDER = "The wire format, with its defaults."


class ConnectionFields(StrictSerializer):
    provider = serializers.ChoiceField(choices=provider_choices(), help_text=PROVIDER)
    base_url = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="Where the provider is reached. Empty: its own address. A change asks for the key again.",
    )
    api_key = KeyField(help_text="Goes in and never comes out. Null removes it.")
    headers = HeadersField(help_text="Extra headers of every request, sealed like the key. Null removes them.")
    options = serializers.JSONField(required=False, help_text="An object: what this provider's format needs besides.")


def save_connection(connection: Connection, values: dict[str, Any], *, by: User) -> Connection:
    """Raises Django's ValidationError where the connection cannot be like that."""
    was_at = connection.url
    enter_connection(connection, values, by=by)
    connection.full_clean()
    if connection._state.adding or connection.url != was_at:  # noqa: SLF001 - documented, in spite of its name
        refuse_unreachable(connection, by)
    connection.save()
    return connection


def enter_connection(connection: Connection, values: dict[str, Any], *, by: User) -> None:
    assign(connection, values, ("provider", "base_url", "options"))
    if "api_key" in values:
        key = values["api_key"]
        connection.clear_key() if key is None else connection.set_key(key, by=by)
    if "headers" in values:
        headers = values["headers"]
        connection.set_headers(headers) if headers else connection.clear_headers()


def refuse_unreachable(connection: Connection, reader: User) -> None:
    """As the address is written; where its name leads is judged at every call."""
    if reason := unreachable_reason(connection, reader):
        raise ValidationError({"base_url": ValidationError(reason, code=Blocked.code)})
