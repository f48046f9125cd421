"""Where a connection points, in one spelling, and where calls for its owner may go."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from llm.addresses import DEFAULT_PORTS, AddressPolicy, Origin
from llm.errors import Blocked
from registry.environment import environment_urls

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")

# What this process serves at. A port is the process's own and known only once it listens, so no setting can hold it.
served_ports: set[int] = set()


def origin_of(url: str) -> Origin:
    try:
        return Origin.parse(url)
    except ValueError:
        raise Blocked("This is not an address that can be used. Write it like https://api.example.com/v1.") from None


def normalised(url: str) -> str:
    """Lower-case scheme and host, no default port, no slash at the end."""
    site, parts = site_of(origin_of(url)), urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{site}{parts.path.rstrip('/')}{query}"


def site_of(origin: Origin) -> str:
    """The origin as people write it, without its default port."""
    return str(origin).removesuffix(f":{DEFAULT_PORTS[origin.scheme]}")


def address_policy(owner_id: int | None) -> AddressPolicy:
    """Users reach public https and what is opened to them; global connections all grants and the environment's servers.

    One query, so never in the event loop. A grant that is taken back is missing from the next policy, and connections
    that are kept alive serve none but equal policies.
    """
    from registry.models import AllowedEndpoint  # whose rows are spelled by this module

    urls = list(settings.ALLOWED_ENDPOINTS)
    if owner_id is None:
        urls += environment_urls()
    grants = AllowedEndpoint.objects.origins_for(owner_id).union(map(Origin.parse, urls))
    return AddressPolicy(grants, forbidden=frozenset(map(Origin.parse, own_addresses())))


def own_addresses() -> list[str]:
    """This site, which a model must not be able to call with the server's own network position."""
    hosts = plain_hosts()
    served = [f"http://{host}:{port}" for port in served_ports for host in dict.fromkeys([*hosts, *LOOPBACK_HOSTS])]
    return [*trusted_origins(), *(f"https://{host}" for host in hosts), *served]


def trusted_origins() -> list[str]:
    """`CSRF_TRUSTED_ORIGINS` without its patterns."""
    return [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin]


def plain_hosts() -> list[str]:
    """`ALLOWED_HOSTS` without its patterns."""
    return [host for host in settings.ALLOWED_HOSTS if not host.startswith((".", "*"))]


def serving_at(port: int) -> None:
    """This process listens on `port`: for every policy from here on, that is the site's own address."""
    served_ports.add(port)
