"""The model servers that people run beside the site, each on the port that it has by default."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import serializers
from django.db import transaction

from registry.grants import grant_problem
from registry.local_model import granted_origins
from registry.models import AllowedEndpoint

FIXTURE = settings.BASE_DIR / "fixtures" / "local_servers.json"


def may_grant_them() -> bool:
    """Before anybody has signed in or granted anything; from then on a missing grant is one that was taken back."""
    return not get_user_model().objects.exists() and not AllowedEndpoint.objects.exists()


@transaction.atomic
def grant(site_port: int) -> dict[str, int]:
    """Open the usual servers on this machine to everybody's connections; their names and ports.

    Not the port that the site takes itself, nor what the settings name as the site's own address.
    """
    rows = [row.object for row in serializers.deserialize("json", FIXTURE.read_text())]
    granted = [row for row in rows if row.port != site_port and not grant_problem(row.origin)]
    for row in granted:
        row.save()
    return {row.note: row.port for row in granted}


def ports_open_to_users() -> list[int]:
    """Ports of this machine's loopback that everybody's connections reach, by rows and by ALLOWED_ENDPOINTS."""
    rows = AllowedEndpoint.objects.filter(usable_by_users=True)
    origins = granted_origins().union(row.origin for row in rows)
    return sorted({origin.port for origin in origins if is_loopback(origin.host)})


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
