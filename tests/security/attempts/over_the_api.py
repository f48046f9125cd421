"""Whoever may edit a connection, or is signed in as somebody who may, tells it another address."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.security.asking import ask, client_of
from tests.security.attempts import Attempt, Stage

HOME, THERE = "http://home.invalid", "http://there.invalid"
CONNECTION, MODEL = "/api/connections/{connection}", "/api/models/{model}"
TEST, FROM_TEMPLATE = "/api/models/test-connection", "/api/models/from-template"
MOVED = {"base_url": f"{THERE}/v1"}
NEW_KEY = "sk-typed-abcdefghijklmnop"
WHOLE = {"provider": "openai_compatible", **MOVED, "model_id": "x", "api_key": NEW_KEY}

REFUSED = "invalid key_required"
MASKED = "masked_key bad_key invalid parse_error"
# A word that is stored as if it were a key is no key that got out.
MASKED_OR_STORED = f"{MASKED} done"


def over_api(method: str, path: str, body: dict[str, Any], reader: str = "owner") -> Callable[[Stage], str]:
    """With alice's ids for her and everybody's for others. It comes to `done` or the code of the answer's error."""

    def act(stage: Stage) -> str:
        ids = (stage.world.private if reader == "owner" else stage.world.everybodys).ids
        text = json.dumps(body).replace(HOME, stage.home).replace(THERE, stage.there)
        for kind in ("connection", "model"):
            text = text.replace(f"<{kind}>", ids[kind])
        response = ask(client_of(stage.world, reader), method, path.format(**ids), json.loads(text))
        return "done" if response.status_code < 300 else response.json()["error"]["code"]

    return act


def patch(name: str, path: str, body: dict[str, Any], comes_to: str, **rest: Any) -> Attempt:
    reader = rest.pop("reader", "owner")
    return Attempt(f"PATCH {path}: {name}", over_api("PATCH", path, body, reader), comes_to, **rest)


def post(name: str, path: str, body: dict[str, Any], comes_to: str, **rest: Any) -> Attempt:
    reader = rest.pop("reader", "owner")
    return Attempt(f"POST {path}: {name}", over_api("POST", path, body, reader), comes_to, **rest)


PLACEHOLDERS = {
    "stars": "***",
    "more stars": "*" * 40,
    "dots": "...",
    "the preview itself": "sk-proj...Hd5",
    "the preview with stars": "sk-proj***Hd5",
    "the first and the last characters": "sk-p...3Hd5",
    "bullets": "•" * 24,
    "an ellipsis": "sk-proj…Hd5",
    "a word of Dify's": "[__HIDDEN__]",
    "a word of others": "<hidden>",
    "another word": "REDACTED",
    "the word null": "null",
    "the word undefined": "undefined",
    "nothing": "",
    "a space": " ",
    "a zero byte": "\u0000",
    "a list": [],
    "an object": {},
    "a list with stars": ["***"],
    "true": True,
    "a number": 0,
}
ANOTHER_URL = {
    "in the user's place": "http://home.invalid@{there}/v1",
    "behind a backslash": "http://home.invalid\\@{there}/v1",
    "behind a fragment": "http://{there}#@home.invalid/v1",
    "behind a question mark": "http://{there}?@home.invalid/v1",
    "with a tab": "http://{there}\t/v1",
    "without a scheme": "//{there}/v1",
    "as a file": "file:///etc/passwd",
    "with capitals": "HTTP://{there}/v1",
    "with a dot at the end of the path": "http://{there}/v1/.",
}

ADDRESSES = [
    attempt
    for path in (CONNECTION, MODEL)
    for attempt in (
        patch("another address", path, MOVED, "key_required"),
        patch("another path at the same server", path, {"base_url": f"{HOME}/tenant/v1"}, "key_required"),
        patch("no address", path, {"base_url": ""}, REFUSED),
        patch("another provider", path, {"provider": "openai"}, "key_required"),
        patch("another provider and address", path, {"provider": "vllm", **MOVED}, "key_required"),
        patch("another address, no key", path, MOVED | {"api_key": None}, "key_required"),
        patch("another address, no headers", path, MOVED | {"headers": None}, "key_required"),
        patch("another address, empty headers", path, MOVED | {"headers": {}}, "key_required"),
        patch("another address, a new key and the old headers", path, MOVED | {"api_key": NEW_KEY}, "key_required"),
        patch("another address, new headers and the old key", path, MOVED | {"headers": {"X-A": "b"}}, "key_required"),
        patch("another address, no key and no headers", path, MOVED | {"api_key": None, "headers": None}, "done"),
        patch("another address, all anew", path, MOVED | {"api_key": NEW_KEY, "headers": None}, "done", reaches=True),
    )
]
MASKS = [
    patch(
        f"another address, the key is {name}", CONNECTION, MOVED | {"headers": None, "api_key": key}, MASKED_OR_STORED
    )
    for name, key in PLACEHOLDERS.items()
]
SPELLINGS = [
    patch(f"another address {name}", CONNECTION, {"base_url": url.format(there="there.invalid")}, REFUSED)
    for name, url in ANOTHER_URL.items()
]
OF_GLOBAL = [
    patch("everybody's, by who manages them", CONNECTION, MOVED, "key_required", reader="holder"),
    patch("everybody's, by a superuser", CONNECTION, MOVED, "key_required", reader="superuser"),
    patch("everybody's, taken over", CONNECTION, {"is_global": False}, "key_required", reader="holder"),
    patch("everybody's, taken over and moved", CONNECTION, {"is_global": False, **MOVED}, REFUSED, reader="holder"),
    patch("everybody's, by anybody", MODEL, MOVED, "permission_denied", reader="other"),
    patch("shared by who may not", CONNECTION, {"is_global": True}, "permission_denied"),
]
HEADERS = [
    patch(f"the header {name!r}: {value!r}", CONNECTION, {"headers": {name: value}}, "bad_header parse_error")
    for name, value in (
        ("Host", "there.invalid"),
        ("host", "there.invalid"),
        ("X-A\r\nHost", "there.invalid"),
        ("X-A: b\r\nHost: there.invalid\r\nX-B", "c"),
        (":authority", "there.invalid"),
        ("Host ", "there.invalid"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "upgrade"),
        ("Cookie", "a=b"),
        ("X-A", "b\r\nHost: there.invalid"),
        ("X-A", "b\nLocation: http://there.invalid"),
        ("X-A", "b\u0000"),
        ("X-A", "b\u2028"),
    )
] + [
    patch(f"the header {name}", CONNECTION, {"headers": {name: THERE}}, "done")
    for name in ("X-Forwarded-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL", "Proxy", "Referer", "Origin")
]
STORED = {"name": "x", "model_id": "x", "connection": "<connection>"}
MIXED = [
    post("a stored connection and an address", "/api/models", STORED | MOVED, "invalid"),
    post(
        "a stored connection, an address and a provider",
        "/api/models",
        STORED | MOVED | {"provider": "vllm"},
        "invalid",
    ),
    post(
        "a stored connection and an address",
        FROM_TEMPLATE,
        {"template": "openai-gpt-4-turbo", "connection": "<connection>"} | MOVED,
        "invalid",
    ),
]
NEVER_BESIDES = {
    "an address": MOVED,
    "a provider": {"provider": "openai"},
    "a key": {"api_key": NEW_KEY},
    "an empty key": {"api_key": ""},
    "a placeholder": {"api_key": "***"},
    "headers": {"headers": {"X-A": "b"}},
    "options": {"options": {"api_base": THERE}},
    "parameters": {"default_params": {"api_base": THERE}},
    "a whole configuration": WHOLE,
}
TESTS = [
    post(f"a stored {kind} and {what}", TEST, {kind: f"<{kind}>"} | besides, "invalid masked_key")
    for kind in ("model", "connection")
    for what, besides in NEVER_BESIDES.items()
] + [
    post("a model and a connection", TEST, {"model": "<model>", "connection": "<connection>"}, "invalid"),
    post("a configuration with a placeholder", TEST, WHOLE | {"api_key": "sk-proj...Hd5"}, "masked_key"),
    post(
        "a configuration without a key",
        TEST,
        {name: WHOLE[name] for name in ("provider", "base_url", "model_id")},
        "done",
    ),
    post("a configuration with a key of its own", TEST, WHOLE, "done"),
    post("a stored model as it is", TEST, {"model": "<model>"}, "done"),
    post("somebody else's global model", TEST, {"model": "<model>"}, "permission_denied", reader="other"),
]
ATTEMPTS = [*ADDRESSES, *MASKS, *SPELLINGS, *OF_GLOBAL, *HEADERS, *MIXED, *TESTS]
