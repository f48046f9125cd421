import pytest

from config.origins import is_same_origin


def handshake(origin, host="models.example", scheme="wss"):
    return {"scheme": scheme, "headers": [(b"host", host.encode()), (b"origin", origin.encode())]}


@pytest.fixture(autouse=True)
def hosts(settings):
    settings.ALLOWED_HOSTS = ["models.example", "[::1]"]


@pytest.mark.parametrize(
    "scope",
    [
        handshake("https://models.example"),
        handshake("https://models.example:443"),
        handshake("https://MODELS.example"),
        handshake("http://models.example:8000", "models.example:8000", "ws"),
        handshake("http://[::1]:8000", "[::1]:8000", "ws"),
    ],
)
def test_our_own_page_is_let_in(scope):
    assert is_same_origin(scope)


@pytest.mark.parametrize(
    "scope",
    [
        handshake(""),
        handshake("null"),
        handshake("http://models.example"),
        handshake("https://models.example:8443"),
        handshake("https://evil.example"),
        handshake("https://models.example.evil.example"),
        handshake("https://evil@models.example"),
        handshake("https://models.example/x"),
        handshake("https://models.example:port"),
        handshake("https://[models.example"),
        handshake("https://evil.example", "evil.example"),
        {"scheme": "wss", "headers": [(b"host", b"models.example")]},
        {"scheme": "wss", "headers": []},
    ],
)
def test_everybody_else_is_kept_out(scope):
    assert not is_same_origin(scope)


@pytest.mark.parametrize("origin", ["https://a.example.org", "https://a.b.example.org"])
def test_a_trusted_pattern_lets_in_what_it_lets_in_for_forms(settings, origin):
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.org"]
    assert is_same_origin(handshake(origin))


@pytest.mark.parametrize(
    "origin",
    [
        "http://a.example.org",
        "https://a.example.org:8443",
        "https://evil.org",
        "https://aexample.org",
        "https://a.example.org.evil.org",
        "https://evil@a.example.org",
        "https://*.example.org/x",
    ],
)
def test_a_trusted_pattern_lets_in_nothing_else(settings, origin):
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.org"]
    assert not is_same_origin(handshake(origin))


def test_a_trusted_origin_is_let_in(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://front.example"]
    assert is_same_origin(handshake("https://front.example"))
