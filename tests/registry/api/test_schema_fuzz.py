"""Requests made from the OpenAPI document, right and wrong ones: no fault of the server, and what the document says.

`FUZZ_CASES` is how many are made, `FUZZ_SEED` makes the same ones again.
"""

import os
import random
import re

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS

from registry.api.connection_fields import CONNECTION_FIELDS
from registry.catalog import templates
from registry.models import APIToken
from tests.registry.api.rows import IDS, KEY, NOBODYS, everything

CASES = int(os.environ.get("FUZZ_CASES", "200"))
SEED = int(os.environ.get("FUZZ_SEED", random.randrange(2**32)))

schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
# What these answer depends on an engine that runs: tests/chat/api asks them.
schema = schema.exclude(path_regex=r"^/api/(chat|conversations)")
schema.app = get_wsgi_application()
schema.config.seed = SEED
schema.config.phases.examples.enabled = schema.config.phases.coverage.enabled = False
schema.config.generation.update(with_security_parameters=False)  # who asks is drawn below
CASES_EACH = -(-CASES // len(list(schema.get_all_operations())))


def ids(*kinds):
    """Mostly alice's: it is she who asks."""
    owners = ["alice"] * 6 + ["bob", None]
    return st.sampled_from([*(IDS[owner, kind] for owner in owners for kind in kinds), NOBODYS])


# What nobody hits by chance.
CONNECTION_IDS, MODEL_IDS = ids("connection", "inline connection"), ids("model", "second model", "inline model")
IDS_AT = {"/api/connections/{id}": CONNECTION_IDS, "/api/models/{id}": MODEL_IDS, "/api/tokens/{id}": ids("token")}
KNOWN = {
    "connection": CONNECTION_IDS,
    "model": MODEL_IDS,
    "template": st.sampled_from([template.id for template in templates()]),
    "name": st.sampled_from(["My model", "模型"]),
    "model_id": st.just("scripted-model"),
    "api_key": st.sampled_from([KEY, None]),
    "headers": st.sampled_from([{"X-Team": "blue"}, None]),
    "base_url": st.sampled_from(["", "https://models.example.com/v1", "http://10.0.0.1/v1"]),
}
# Of these, one goes without the others.
ALTERNATIVES = [{"model"}, {"connection"}, {*CONNECTION_FIELDS, "is_global", "capabilities", "default_params"}]


def with_known(values):
    return st.fixed_dictionaries({name: KNOWN.get(name, st.just(value)) for name, value in values.items()})


def one_of_the_alternatives(body):
    present = [kept for kept in ALTERNATIVES if not kept.isdisjoint(body)]
    dropped = [set().union(*ALTERNATIVES) - kept for kept in present] or [set()]
    return st.sampled_from([{name: body[name] for name in body if name not in names} for names in dropped])


@schema.hook
def flatmap_path_parameters(context, path_parameters):
    known = IDS_AT.get(context.operation.path, st.nothing())
    return st.fixed_dictionaries(
        {name: known | known | st.just(path_parameters[name]) for name in path_parameters or ()}
    )


@schema.hook
def flatmap_body(context, body):
    sensible = one_of_the_alternatives(body).flatmap(with_known) if isinstance(body, dict) else st.nothing()
    return st.just(body) | sensible | sensible


FORM = re.compile(
    "is required|may not be null|Ensure |valid choice|[Nn]ot a valid|must be a valid|no such field|Expected"
)


@schemathesis.check
def form_is_right(ctx, response, case):
    """What the document allows may be refused for what it means, never for its form."""
    if case.meta.generation.mode.is_positive and response.status_code == 400:
        assert not FORM.search(response.json()["error"]["message"]), response.json()


CONFORMANCE = ["status_code", "content_type", "response_headers", "response_schema"]
PROMISES = CHECKS.get_by_names(
    ["not_a_server_error", "form_is_right", *(f"{name}_conformance" for name in CONFORMANCE)]
)


@pytest.fixture
def credentials(alice):
    """What a request carries, by who asks."""
    session, csrf = Client(), "c" * 32
    session.force_login(alice)
    _, token = APIToken.objects.create(user=alice)
    cookies = {"sessionid": session.cookies["sessionid"].value, "csrftoken": csrf}
    return {
        "session": {"cookies": cookies, "headers": {"X-CSRFToken": csrf}},
        "token": {"headers": {"Authorization": f"Token {token}"}},
        "nobody": {},
    }


@pytest.fixture(autouse=True)
def seed(request):
    """Shown where a test fails."""
    request.node.add_report_section("call", "fuzz", f"FUZZ_CASES={CASES} FUZZ_SEED={SEED} makes these requests again.")


@schema.parametrize()
@schema.given(who=st.sampled_from(["session", "token", "session", "token", "nobody"]))
@settings(max_examples=CASES_EACH, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked(case, who, credentials, rows, alice, no_names, one_connection):
    before, of_others = everything(), everything(but_of=alice)
    with transaction.atomic():
        response = case.call(**credentials[who])
        case.validate_response(response, checks=PROMISES)
        assert everything(but_of=alice) == of_others
        if case.method == "GET" or response.status_code >= 400:
            assert everything() == before
        transaction.set_rollback(True)
