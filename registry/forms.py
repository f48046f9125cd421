"""The connection's form: keys and headers can be entered and removed, never read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from registry.models import Connection

if TYPE_CHECKING:
    from django.contrib.auth.models import User

HEADERS_HELP = 'Such as {"X-Team": "blue"}.'
KEEP = {
    "api_key": "Leave empty to keep the stored key.",
    "headers": f"{HEADERS_HELP} Leave empty to keep the stored ones.",
}
REENTER = {
    "api_key": "The stored key cannot be read. Enter it again, or remove it.",
    "headers": f"{HEADERS_HELP} The stored ones cannot be read. Enter them again, or remove them.",
}


class WriteOnlyTextarea(forms.Textarea):
    """Forgets what was typed, also when the form comes back with an error."""

    def format_value(self, value: Any) -> str:
        return ""


class HeadersField(forms.JSONField):
    widget = WriteOnlyTextarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"})
    default_error_messages = {"not_an_object": 'Write headers as {"Name": "value"}.'}

    def prepare_value(self, value: Any) -> Any:
        return value

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and not isinstance(value, dict):
            raise ValidationError(self.error_messages["not_an_object"], code="not_an_object")


class ConnectionForm(forms.ModelForm):
    """`user` is whoever edits; the admin sets it on the class that it makes for a request."""

    user: User | None = None

    api_key = forms.CharField(
        label="API key",
        required=False,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
    )
    remove_key = forms.BooleanField(label="Remove the stored key", required=False)
    headers = HeadersField(required=False, help_text=HEADERS_HELP)
    remove_headers = forms.BooleanField(label="Remove the stored headers", required=False)

    class Meta:
        model = Connection
        fields = ("name", "provider", "base_url", "owner", "options", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, is_stored in (("api_key", self.instance.has_key), ("headers", self.instance.has_headers)):
            if is_stored:
                self.fields[name].help_text = (KEEP if self.instance.is_readable(name) else REENTER)[name]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self._take_key(data)
        self._take_headers(data)
        return data

    def _take_key(self, data: dict[str, Any]) -> None:
        if data.get("remove_key"):
            self.instance.clear_key()
        if key := data.pop("api_key", ""):
            try:
                self.instance.set_key(key, by=self.user)
            except ValidationError as error:
                self.add_error("api_key", error)

    def _take_headers(self, data: dict[str, Any]) -> None:
        if data.get("remove_headers"):
            self.instance.clear_headers()
        if headers := data.pop("headers", None):
            try:
                self.instance.set_headers(headers)
            except ValidationError as error:
                self.add_error("headers", error)
