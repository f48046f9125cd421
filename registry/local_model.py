"""The connection of the quick start's local model. The row outlives the model, so that it cannot say whether it runs.

What says so is the grant for its address: the quick start hands it to the server that it starts the model for, and to
no other. Nothing is written when the model is not started, so that what a person switched stays as it is.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from llm.addresses import Origin

# The row of fixtures/local_model.json.
LOCAL_CONNECTION = UUID("5e1f0000-0000-4000-8000-000000000001")
# Somebody may point the row to a server elsewhere, which is not ours to start.
AT_LOOPBACK = "http://127.0.0.1:"
STOPPED = "The local model is not running. Start the site with `make run`, without --no-local-model."


def granted_origins() -> set[Origin]:
    return set(map(Origin.parse, settings.ALLOWED_ENDPOINTS))
