"""The server that a key is meant for sends the call on."""

from __future__ import annotations

from collections.abc import Callable

from registry.models import Connection, LLMModel
from tests.llm.wire import Peer, answer
from tests.security.attempts import Attempt, Stage

HTML = b'<html><meta http-equiv="refresh" content="0; url=%s"></html>'


def redirected(
    status: bytes, header: bytes = b"Location: %s/v1/chat/completions", body: bytes = b""
) -> Callable[[Stage], str]:
    """Alice's key is for a server that answers like this."""

    def act(stage: Stage) -> str:
        there = stage.there.encode()

        def script(peer: Peer) -> None:
            while peer.read_request():
                head = header % there + b"\r\n" if header else b""
                peer.send(answer(body.replace(b"%s", there), status=status, kind=b"text/html", headers=head))

        server = stage.serve(script)
        connection = Connection(
            owner=stage.world.people["alice"], name="redirected", provider="openai_compatible", base_url=f"{server}/v1"
        )
        connection.set_key(stage.key, by=None)
        connection.set_headers({"X-Key": stage.key, "api-key": stage.key})
        connection.save()
        LLMModel.objects.create(connection=connection, name="redirected", model_id="x")
        return "written"

    return act


ANSWERS = {
    "301": redirected(b"301 Moved Permanently"),
    "302": redirected(b"302 Found"),
    "303": redirected(b"303 See Other"),
    "307": redirected(b"307 Temporary Redirect"),
    "308": redirected(b"308 Permanent Redirect"),
    "a relative scheme": redirected(b"307 Temporary Redirect", b"Location: //%s/v1"),
    "300 with choices": redirected(b"300 Multiple Choices"),
    "305 use proxy": redirected(b"305 Use Proxy", b"Location: %s"),
    "a Refresh header": redirected(b"200 OK", b"Refresh: 0; url=%s/v1", HTML),
    "a page that moves on": redirected(b"200 OK", b"", HTML),
    "another service": redirected(b"200 OK", b'Alt-Svc: http="%s"', HTML),
    "a demand to sign in": redirected(b"401 Unauthorized", b'WWW-Authenticate: Bearer realm="%s"'),
    "a proxy that wants a login": redirected(b"407 Proxy Authentication Required", b"Location: %s"),
    "a link": redirected(b"200 OK", b"Link: <%s>; rel=preconnect", HTML),
}
ATTEMPTS = [Attempt(f"redirected by {name}", act, "written") for name, act in ANSWERS.items()]
