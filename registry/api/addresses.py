"""Where a provider is reached and with which key, as it is written into a connection or a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from registry.api.fields import HeadersField, KeyField, Strict
from registry.providers import provider_choices

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
    """Take over what was entered. Raises Django's ValidationError where the connection cannot be like that."""
    for name in ("provider", "base_url", "options"):
        setattr(connection, name, values.get(name, getattr(connection, name)))
    if "api_key" in values:
        key = values["api_key"]
        connection.clear_key() if key is None else connection.set_key(key, by=by)
    if "headers" in values:
        headers = values["headers"]
        connection.set_headers(headers) if headers else connection.clear_headers()
    connection.full_clean()
    connection.save()
    return connection
