"""Where a provider is reached and with which key, as it is written into a connection or a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from rest_framework import serializers

from llm.errors import Blocked
from registry.addresses import address_policy
from registry.api.fields import HeadersField, KeyField, Strict
from registry.grants import refusal
from registry.providers import provider_choices
from registry.querysets import may_grant

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from registry.models import Connection

PROVIDER = "The wire format, with its defaults."
BASE_URL = "Where the provider is reached. Empty: its own address. A change asks for the key again."
API_KEY = "Goes in and never comes out. Null removes it."
HEADERS = "Extra headers of every request, sealed like the key. Null removes them."
OPTIONS = "An object: what this provider's format needs besides."


class Address(Strict):
    provider = serializers.ChoiceField(choices=provider_choices(), help_text=PROVIDER)
    base_url = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text=BASE_URL)
    api_key = KeyField(help_text=API_KEY)
    headers = HeadersField(help_text=HEADERS)
    options = serializers.JSONField(required=False, help_text=OPTIONS)


ADDRESS = ("provider", "base_url", "options", "api_key", "headers")
SECRETS = ("api_key", "headers")


def save_address(connection: Connection, values: dict[str, Any], *, by: User) -> Connection:
    """Raises Django's ValidationError where the connection cannot be like that."""
    was_at = connection.url
    enter_address(connection, values, by=by)
    connection.full_clean()
    if connection._state.adding or connection.url != was_at:  # noqa: SLF001 - documented, in spite of its name
        refuse_unreachable(connection, by)
    connection.save()
    return connection


def refuse_unreachable(connection: Connection, reader: User) -> None:
    """As it is written; where its name leads is judged at every call."""
    try:
        address_policy(connection.owner_id).check(connection.url)
    except Blocked as blocked:
        message = refusal(connection, blocked.detail, reader) if may_grant(reader) else blocked.message
        raise ValidationError({"base_url": ValidationError(message, code=blocked.code)}) from None


def enter_address(connection: Connection, values: dict[str, Any], *, by: User) -> None:
    for name in ("provider", "base_url", "options"):
        setattr(connection, name, values.get(name, getattr(connection, name)))
    if "api_key" in values:
        key = values["api_key"]
        connection.clear_key() if key is None else connection.set_key(key, by=by)
    if "headers" in values:
        headers = values["headers"]
        connection.set_headers(headers) if headers else connection.clear_headers()
