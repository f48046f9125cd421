"""What a reader may write to a resource, for the form on its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drf_spectacular.drainage import get_override
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import override_method

if TYPE_CHECKING:
    from django.db.models import Model
    from rest_framework.request import Request
    from rest_framework.views import APIView

WITH_BODY = ("POST", "PATCH")
CHOICES_SHOWN = 100


@dataclass(frozen=True, slots=True)
class FormField:
    name: str
    is_required: bool
    help_text: str
    choices: list[tuple[str, str]]
    """Value and label."""


@dataclass(frozen=True, slots=True)
class Form:
    methods: list[str]
    body: str = ""
    fields: tuple[FormField, ...] = ()


def form_of(may_write: Callable[..., bool | None], context: Mapping[str, Any], data: Any) -> Form | None:
    """None for who is not signed in, may not write, or looks at a refusal."""
    view, request, response = context["view"], context["request"], context["response"]
    is_shown = response.status_code in {200, 405} and request.user.is_authenticated
    methods = allowed_methods(may_write, view, request, row_of(data)) if is_shown else []
    if not methods:
        return None
    with_body = [method for method in methods if method in WITH_BODY]
    if not with_body:
        return Form(methods)
    with override_method(view, request, with_body[0]):
        serializer = view.get_serializer(partial=with_body == ["PATCH"])
    return form_with_body(methods, serializer, data)


def row_of(data: Any) -> Model | None:
    serializer = getattr(data, "serializer", None)
    return serializer.instance if isinstance(serializer, serializers.Serializer) else None


def allowed_methods(
    may_write: Callable[..., bool | None], view: APIView, request: Request, row: Model | None
) -> list[str]:
    allowed = []
    for method in (*(WITH_BODY if hasattr(view, "get_serializer") else ()), "DELETE"):
        with override_method(view, request, method) as as_if:
            if may_write(view, method, as_if, row):
                allowed.append(method)
    return allowed


def form_with_body(methods: list[str], serializer: serializers.Serializer, data: Any) -> Form:
    fields = [field for field in serializer.fields.values() if not field.read_only]
    body = current_values(fields, data) if serializer.partial else example_of(serializer)
    described = sorted(map(described_field, fields), key=lambda field: not field.is_required)
    return Form(methods, JSONRenderer().render(body, renderer_context={"indent": 2}).decode(), tuple(described))


def current_values(fields: list[serializers.Field], document: Mapping[str, Any]) -> dict[str, Any]:
    """Secrets are write-only: no document has them."""
    return {field.field_name: document[field.field_name] for field in fields if field.field_name in document}


def example_of(serializer: serializers.Serializer) -> dict[str, Any]:
    """The first that the schema shows."""
    examples = get_override(serializer, "examples", [])
    return examples[0].value if examples else {}


def described_field(field: serializers.Field) -> FormField:
    is_required = field.required and not field.root.partial
    return FormField(field.field_name, is_required, field.help_text or "", choices_of(field))


def choices_of(field: serializers.Field) -> list[tuple[str, str]]:
    """A relation's are the rows that the reader may name."""
    if isinstance(field, serializers.RelatedField):
        choices = field.get_choices(cutoff=CHOICES_SHOWN)
    else:
        choices = getattr(field, "choices", {})
    return [(str(value), str(label)) for value, label in choices.items()]
