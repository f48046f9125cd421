"""Grants of addresses: who reaches what by them, over real sockets, and what can be granted at all."""

from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError

from llm import user as question
from llm.addresses import AddressPolicy, Origin
from llm.errors import Blocked
from llm.testing import ScriptedProvider
from llm.transport import transport_for
from registry import addresses
from registry.addresses import address_policy
from registry.client import client_for
from registry.grants import grant_problem
from registry.models import AllowedEndpoint, Connection, LLMModel

GPU = Origin("http", "10.0.0.5", 8000)


def grant(origin, **fields):
    return AllowedEndpoint.objects.create(**origin._asdict(), **fields)


@pytest.fixture
def provider():
    with ScriptedProvider() as server:
        yield server


@pytest.fixture
def ask(alice, make_model, provider):
    """Alice asks a model behind the provider: with a connection of her own, or a global one."""

    def say(*, own, base_url=provider.url):
        base_url = f"{base_url}/v1"
        model = LLMModel.objects.filter(connection__base_url=base_url, connection__owner=alice if own else None).first()
        model = model or make_model(alice if own else None, provider="openai_compatible", base_url=base_url)
        return client_for(alice, model.pk).chat([question("[[tokens=3]]")]).text

    return say


def blocked(call):
    with pytest.raises(Blocked) as refused:
        call()
    assert refused.value.message == Blocked.default_message


def test_a_user_reaches_what_is_granted_to_users(ask, provider):
    blocked(lambda: ask(own=True))
    call_command("allow_endpoint", provider.url)
    blocked(lambda: ask(own=True))
    call_command("allow_endpoint", provider.url, "--users")
    assert ask(own=True)
    call_command("allow_endpoint", provider.url)
    blocked(lambda: ask(own=True))
    assert len(provider.requests) == 1


@pytest.mark.parametrize("options", [[], ["--users"]])
def test_a_global_connection_reaches_whatever_is_granted(ask, provider, options):
    blocked(lambda: ask(own=False))
    call_command("allow_endpoint", provider.url, *options)
    assert ask(own=False)
    call_command("allow_endpoint", provider.url, "--remove")
    blocked(lambda: ask(own=False))
    assert len(provider.requests) == 1


def test_a_connection_that_is_kept_alive_does_not_outlive_its_grant(ask, provider):
    call_command("allow_endpoint", provider.url, "--users")
    kept = transport_for(address_policy(owner_id=1))  # held, so that its idle connection stays open
    assert ask(own=True)
    assert ask(own=True)
    call_command("allow_endpoint", provider.url, "--remove")
    blocked(lambda: ask(own=True))
    blocked(lambda: ask(own=False))
    assert len(provider.requests) == 2
    assert len(provider._server._connections) == 1
    assert kept.policy != address_policy(owner_id=1)


@pytest.mark.parametrize("spelling", ["http://localhost:{port}", "http://127.0.0.2:{port}", "https://127.0.0.1:{port}"])
def test_a_grant_is_for_one_spelling(ask, provider, spelling):
    call_command("allow_endpoint", provider.url, "--users")
    blocked(lambda: ask(own=True, base_url=spelling.format(port=urlsplit(provider.url).port)))
    assert not provider.requests


def test_a_refusal_does_not_say_why(ask, monkeypatch):
    monkeypatch.setattr(addresses, "served_ports", {8765})
    grant(Origin("http", "no-such-name.invalid", 80))
    for url in (
        "http://10.0.0.5:8000",
        "http://127.0.0.1:1",  # nobody listens
        "http://169.254.169.254",
        "http://127.0.0.1:8765",
        "https://gpu-box",
        "http://no-such-name.invalid",
        "https://1.1.1.1:8443",
        "http://1.1.1.1",
    ):
        blocked(lambda url=url: ask(own=True, base_url=url))


def test_the_sites_own_address_is_closed_whatever_was_granted_before(ask, provider, monkeypatch):
    monkeypatch.setattr(addresses, "served_ports", set())
    call_command("allow_endpoint", provider.url, "--users")
    assert ask(own=True)
    addresses.serving_at(urlsplit(provider.url).port)
    for own in (True, False):
        blocked(lambda own=own: ask(own=own))
    assert len(provider.requests) == 1


def test_a_policy_costs_one_query(django_assert_num_queries, settings, alice):
    settings.ALLOWED_ENDPOINTS = ["http://10.0.0.7:1"]
    grant(GPU)
    grant(Origin("http", "gpu-box", 80), usable_by_users=True)
    for owner_id in (None, alice.pk):
        with django_assert_num_queries(1):
            address_policy(owner_id)


def test_who_gets_which_grants(settings, monkeypatch, alice):
    settings.ALLOWED_ENDPOINTS = ["http://10.0.0.7:1/v1"]
    monkeypatch.setenv("VLLM_BASE_URL", "http://10.0.0.8:8001/v1")
    shared = Origin("http", "gpu-box", 80)
    grant(GPU)
    grant(shared, usable_by_users=True)
    for_users = {shared, Origin("http", "10.0.0.7", 1)}
    assert address_policy(alice.pk).grants == for_users
    assert address_policy(None).grants == for_users | {GPU, Origin("http", "10.0.0.8", 8001)}


@pytest.mark.django_db
def test_equal_grants_are_equal_policies_in_whatever_order_they_were_made():
    origins = [GPU, Origin("https", "::1", 8443), Origin("http", "gpu-box", 80)]
    policies = []
    for order in (origins, origins[::-1]):
        AllowedEndpoint.objects.all().delete()
        for origin in order:
            grant(origin)
        policies.append(address_policy(None))
    assert policies[0] == policies[1]
    assert transport_for(policies[0]) is transport_for(policies[1])


@pytest.mark.django_db
def test_a_row_that_no_form_made_opens_nothing_and_breaks_nothing():
    for host in ("10.0.0.5/", "GPU-BOX", "", "[::1]", "169.254.169.254"):
        AllowedEndpoint.objects.bulk_create([AllowedEndpoint(scheme="http", host=host, port=8000)])
    policy = address_policy(None)
    for url in ("http://10.0.0.5:8000", "http://gpu-box:8000", "http://[::1]:8000", "http://169.254.169.254:8000"):
        with pytest.raises(Blocked):
            policy.check(url)


@pytest.mark.django_db
def test_one_row_for_one_address(alice):
    grant(GPU)
    with pytest.raises(ValidationError):
        AllowedEndpoint(**GPU._asdict(), created_by=alice).full_clean()
    with pytest.raises(IntegrityError):
        grant(GPU)


@pytest.mark.django_db
def test_a_grant_outlives_whoever_made_it(bob):
    row = grant(GPU, created_by=bob)
    bob.delete()
    row.refresh_from_db()
    assert row.created_by is None


@pytest.mark.parametrize(
    ("origin", "shown"),
    [
        (GPU, "http://10.0.0.5:8000"),
        (Origin("http", "gpu-box", 80), "http://gpu-box"),
        (Origin("https", "::1", 8443), "https://[::1]:8443"),
        (Origin("https", "fd12::1", 8443), "https://[fd12::1]:8443"),
        (Origin("http", "api.example.com", 80), "http://api.example.com"),
        (Origin("http", "100.64.0.1", 11434), "http://100.64.0.1:11434"),
    ],
)
def test_what_can_be_granted(db, origin, shown):
    row = grant(origin)
    assert str(row) == shown
    assert AllowedEndpoint.objects.get().origin == origin
    AddressPolicy(frozenset({origin})).check(shown)


@pytest.mark.parametrize(
    "fields",
    [
        {"scheme": "HTTP"},
        {"scheme": "ftp"},
        {"scheme": ""},
        {"host": "GPU-Box"},
        {"host": "10.0.0.5/v1"},
        {"host": "10.0.0.5:8000/v1?"},
        {"host": "user@10.0.0.5"},
        {"host": "10.0.0.5#"},
        {"host": "010.0.0.5"},
        {"host": "0xa000005"},
        {"host": "[::1]"},
        {"host": "0:0:0:0:0:0:0:1"},
        {"host": "fe80::1%eth0"},
        {"host": "gpu-box."},
        {"host": "gpu box"},
        {"host": "bücher.example"},
        {"host": "*.example.com"},
        {"host": ""},
        {"host": "a" * 254},
        {"port": 0},
        {"port": 65536},
        {"port": -1},
        {"port": None},
        {"port": "8000"},
    ],
)
def test_what_is_no_origin_in_its_one_spelling_is_not_saved(db, fields):
    row = AllowedEndpoint(**GPU._asdict() | fields)
    with pytest.raises(ValidationError, match="not the address of a server"):
        row.save()
    with pytest.raises(ValidationError):
        row.clean()
    assert not AllowedEndpoint.objects.exists()


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("169.254.169.254", "link-local or reserved"),
        ("168.63.129.16", "link-local or reserved"),
        ("100.100.100.200", "link-local or reserved"),
        ("fe80::1", "link-local or reserved"),
        ("fd00:ec2::254", "link-local or reserved"),
        ("::ffff:a9fe:a9fe", "link-local or reserved"),
        ("64:ff9b::a00:5", "link-local or reserved"),
        ("0.0.0.0", "link-local or reserved"),
        ("::", "link-local or reserved"),
        ("224.0.0.1", "link-local or reserved"),
        ("192.0.2.1", "link-local or reserved"),
        ("site.example", "of this site itself"),
        ("localhost", "of this site itself"),
        ("127.0.0.2", "of this site itself"),
        ("::1", "of this site itself"),
        ("::ffff:7f00:1", "of this site itself"),
    ],
)
def test_what_a_grant_would_never_open_is_not_granted(db, settings, monkeypatch, host, why):
    settings.ALLOWED_HOSTS = ["site.example"]
    monkeypatch.setattr(addresses, "served_ports", {8000})
    with pytest.raises(ValidationError, match=f"cannot be allowed: it is an? (address )?{why}"):
        grant(Origin("http", host, 8000))
    assert not AllowedEndpoint.objects.exists()


def test_a_site_without_names_grants_like_any_other(settings, monkeypatch):
    settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = ["*", ".example.org"], ["https://*.example.org"]
    monkeypatch.setattr(addresses, "served_ports", set())
    assert grant_problem(Origin("http", "localhost", 8000)) == ""


def test_no_connection_is_needed_to_grant(db):
    grant(GPU)
    assert not Connection.objects.exists()
