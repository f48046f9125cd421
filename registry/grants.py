"""What can be granted, and what to say about an address that may not be reached."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from llm import addresses
from llm.addresses import AddressPolicy, Origin
from llm.errors import Blocked
from registry.addresses import address_policy, normalised, origin_of, own_addresses, site_of
from registry.querysets import may_grant

if TYPE_CHECKING:
    from registry.models import Connection
    from registry.querysets import Reader

NO_SERVER = "This is not the address of a server. Write it like http://10.0.0.5:8000."
NOT_REACHABLE = "{url} may not be reached from here: it is {what}. {advice}"
ALLOW = "To allow it, add {site} to the allowed endpoints here in the admin, or type: {command}"
# What a policy says about an address as it is written. Nothing is resolved or tried for it.
NEVER_OPENED = {
    addresses.OWN_ADDRESS: "an address of this site itself, which no model may call",
    addresses.RESERVED: "a link-local or reserved address, which is never opened",
}
OPENED_BY_A_GRANT = {
    addresses.PRIVATE: "a private address",
    addresses.INTERNAL_NAME: "a name inside a private network",
    addresses.SCHEME_OR_PORT: "not https on port 443",
}


def server_of(url: str) -> Origin:
    """What a grant for this URL is about: a whole server. ValueError with a sentence where it names none."""
    try:
        return Origin.parse(url)
    except ValueError:  # its reason says nothing to a person, and the URL may hold a password
        raise ValueError(NO_SERVER) from None


def what_is_left_out(url: str) -> str:
    """A sentence where the URL names more than a server; it does not repeat what, because a key may be in it."""
    site = site_of(server_of(url))
    if normalised(url) == site:
        return ""
    return f"A grant is for a whole server, here {site}. The rest of the address is left out."


def who_may_use(usable_by_users: bool) -> str:  # noqa: FBT001  a row's field in words
    return "everybody's connections" if usable_by_users else "global connections only"


def grant_problem(origin: Origin) -> str:
    """Why this is nothing to grant, "" where it is: another spelling would never match, some addresses never open."""
    url = str(origin)
    try:
        is_in_the_one_spelling = Origin.parse(url) == origin
    except ValueError:
        is_in_the_one_spelling = False
    if not is_in_the_one_spelling:
        return NO_SERVER
    try:
        AddressPolicy.granting([url], forbidden=own_addresses()).check(url)
    except Blocked as blocked:
        return f"{site_of(origin)} cannot be allowed: it is {NEVER_OPENED.get(blocked.detail, 'no address to call')}."
    return ""


def unreachable_reason(connection: Connection, reader: Reader) -> str:
    """Why a connection may not be reached as its address is written, "" where it may. Nothing is resolved for it.

    Only whoever may grant reads more than that it is so: else the site would tell what is in its network.
    """
    try:
        address_policy(connection.owner_id).check(connection.url)
    except Blocked as blocked:
        return refusal(connection, blocked.detail) if may_grant(reader) else blocked.message
    return ""


def refusal(connection: Connection, detail: str) -> str:
    if what := OPENED_BY_A_GRANT.get(detail):
        return NOT_REACHABLE.format(url=connection.url, what=what, advice=how_to_allow(connection))
    what = NEVER_OPENED.get(detail, "no address that can be read")
    return NOT_REACHABLE.format(url=connection.url, what=what, advice="").rstrip()


def how_to_allow(connection: Connection) -> str:
    site = site_of(origin_of(connection.url))
    command = f"manage.py allow_endpoint {shlex.quote(site)}"
    return ALLOW.format(site=site, command=command if connection.is_global else f"{command} --users")
