"""What holds for every row that cannot be read."""

import pytest
from django.urls import reverse

from registry.client import client_for
from registry.errors import CredentialUnreadable
from registry.models import LLMModel
from registry.picker import model_choices
from registry.selection import select_model

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
ENTERED = "sk-ant-0123456789abcdefghijklmnopqrstuvwxyz"
OTHER_KEY = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="


def listed_for(reader):
    return {choice.name for group in model_choices(reader) for choice in group.choices}


def assert_listed_everywhere(client, readers, damaged):
    """Whoever sees the row when it is whole sees it now."""
    for reader in readers.values():
        visible = LLMModel.objects.visible_to(reader).filter(pk=damaged.pk).exists()
        assert ("damaged" in listed_for(reader)) == visible
        assert isinstance(damaged.unusable_reason(reader), str)
    client.force_login(readers["superuser"])
    for table, pk in (("connection", damaged.connection_id), ("llmmodel", damaged.pk)):
        for page in (
            reverse(f"admin:registry_{table}_changelist"),
            reverse(f"admin:registry_{table}_change", args=[pk]),
        ):
            shown = client.get(page)
            assert shown.status_code == 200
            assert "damaged" in shown.content.decode()
            assert "v1." not in shown.content.decode()


def assert_refused_for(reader, model):
    """Chosen or not: what it says, and that it says it before anything is sent."""
    with pytest.raises(CredentialUnreadable) as refusal:
        model.to_config()
    assert "re-enter" in refusal.value.message
    if LLMModel.objects.usable_by(reader).filter(pk=model.pk).exists():
        assert select_model(reader, requested=model.pk).model_id == model.pk
        with pytest.raises(CredentialUnreadable):
            client_for(reader, model.pk)
