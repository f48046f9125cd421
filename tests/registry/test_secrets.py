import pytest
from django.core.exceptions import ValidationError

from registry.secrets import clean_headers, clean_key, preview

PLACEHOLDERS = [
    "***",
    "******",
    "--------",
    "________",
    "••••••••••••",
    "●●●●",
    "••••••••1234",
    "....",
    "…",
    "sk-***",
    "sk-proj-...abc",
    "sk-proj-…abc",
    "...abc",
    "sk-proj-****************************cdef",
    "xxxxxxxxxxxx",
    "XXXXXXXXXXXXXXXX",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
    "hf_xxxxxxxxxxxxxxxxxabc",
    "[__HIDDEN__]",
    "__HIDDEN__",
    "[hidden]",
    "hidden",
    "masked",
    "**masked**",
    "REDACTED",
    "[REDACTED]",
    "[Filtered]",
    "<redacted>",
    "<your-api-key>",
    "<your api key>",
    "<key>",
    "sk-<your-key>",
    "[your-key]",
    "{{KEY}}",
    "{{ api_key }}",
    "${OPENAI_API_KEY}",
    "$OPENAI_API_KEY",
    "%OPENAI_API_KEY%",
    "{key}",
    "your-api-key",
    "YOUR_API_KEY",
    "YOUR_API_KEY_HERE",
    "your_openai_api_key",
    "sk-your-key-here",
    "yourtoken",
    "placeholder",
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_placeholder_is_no_key(text):
    for typed in (text, f"  {text}\n"):
        with pytest.raises(ValidationError, match="Enter the whole key") as refusal:
            clean_key(typed)
        assert refusal.value.code == "masked_key"


# Made up, in the shapes that vendors and servers really give out.
KEYS = [
    "sk-proj-Zk3vR8_qLxX9-mN2bVc5TyU7iOpAsDfGhJkL1zXcVbNm4QwErTyUiOpT3BlbkFJaSdFgHjKlZxCvBnMqWeRtYuIoP1a2S3d4F5g6H7j8K9l0",
    "sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ",
    "sk-svcacct-p0o9i8u7y6t5r4e3w2q1-LKJHGFDSAmnbvcxzT3BlbkFJ",
    "sk-ant-api03-Rx_Xx-0aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789aBcDeFgH-abcdeAAA",
    "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567",
    "gsk_aB3dE5fG7hI9jK1lM3nO5pQ7WGdyb3FYrS9tU1vW3xY5zA7b",
    "AIzaSyA-0aBcDeFgHiJkLmNoPqRsTuVwXyZ_12345",
    "xai-0aBcDeFgHiJkLmNoPqRsTuVwXyZ0aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789",
    "nvapi-0aBcDeFgHiJkLmNoPqRsTuVwXyZ_-0aBcDeFgHiJkLmNoPqRs",
    "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",
    "r8_0aBcDeFgHiJkLmNoPqRsTuVwXyZ0aBcDeFgHi",
    "0123456789abcdef0123456789abcdef",
    "5f0c2a4e-8b1d-4c3f-9a7e-6d5c4b3a2f1e",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9Q==",
    "AAAAAAAAAAAAAAAAAAAAAAAA/AAAAAAAAAAA+AAAAAAAAAAA=",
    "ya29.a0AfH6SMBx-0aBcDeFgHiJkLmNoPqRsTuVwXyZ",
    "3Xk9$!pQz&7@vLm#2",
    "key:with:colons",
    "ollama",
    "lm-studio",
    "vllm",
    "EMPTY",
    "dummy",
    "none",
    "None",
    "null",
    "not-needed",
    "no-key-required",
    "sk-no-key-required",
    "sk-1234",
    "token-abc123",
    "anything",
    "secret",
    "x",
    "xxx",
    "1",
]


@pytest.mark.parametrize("key", KEYS)
def test_what_looks_like_a_key_is_one(key):
    assert clean_key(f" {key}\n").reveal() == key


@pytest.mark.parametrize("key", [key for key in KEYS if len(key) >= 20])
def test_a_preview_is_never_taken_for_a_key(key):
    with pytest.raises(ValidationError, match="placeholder"):
        clean_key(preview(key))


@pytest.mark.parametrize("key", ["<" * 4095 + "a", ("x" * 7 + "y") * 512, "your" * 1024, "a-" * 2048, "[a" * 2048])
def test_long_text_that_almost_is_a_placeholder_is_judged_at_once(key):
    assert clean_key(key).reveal() == key
    with pytest.raises(ValidationError, match="no spaces"):
        clean_key(key * 50)


@pytest.mark.parametrize("headers", [None, [], "X: y", 7, ["X"]])
def test_headers_are_names_with_values(headers):
    with pytest.raises(ValidationError, match=r'Write headers as \{"Name"'):
        clean_headers(headers)
