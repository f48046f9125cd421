"""Which parameter a refusal is about, in the words of each server."""

import json

import pytest

from llm.providers import PROVIDERS

OPENAI = (
    "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported."
)
RENAME = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
NAMED = {
    "a field": ({"error": {"message": "no", "param": "temperature", "code": "unsupported_value"}}, "temperature"),
    "prose of OpenAI": ({"error": {"message": OPENAI, "type": "invalid_request_error"}}, "temperature"),
    "a rename": ({"error": {"message": RENAME, "code": None}}, "max_tokens"),
    "OpenAI of old": ({"error": {"message": "Unrecognized request argument supplied: seed"}}, "seed"),
    "Unknown parameter": ({"error": {"message": "Unknown parameter: 'reasoning.effort'."}}, "reasoning"),
    "Anthropic": (
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "top_p: Extra inputs are not permitted"},
        },
        "top_p",
    ),
    "Mistral": (
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"], "msg": "Extra inputs"}]},
        "max_completion_tokens",
    ),
    "Gemini": ([{"error": {"code": 400, "message": 'Invalid JSON payload received. Unknown name "seed": no'}}], "seed"),
    "Groq": ({"error": {"message": "property 'logprobs' is unsupported, did you mean 'stop'?"}}, "logprobs"),
    "a bare string": ({"error": "unknown parameter: 'top_k'"}, "top_k"),
}
NOT_NAMED = [
    {"error": {"message": "no", "param": "max_tokens", "code": "unsupported_value"}},
    {"error": {"message": "Unsupported value: 'max_tokens' is too large.", "param": "max_tokens"}},
    {
        "error": {
            "message": "Invalid value for temperature: must be at most 2",
            "param": "temperature",
            "code": "invalid_value",
        }
    },
    {"error": {"message": "messages.0: all messages must have non-empty content"}},
    {"error": {"message": 5, "param": 7, "code": []}},
    {"detail": [{"type": "extra_forbidden", "loc": [3]}]},
    {"detail": []},
    [],
    None,
    "text",
]


def refusal(document, name="openai_compatible"):
    return PROVIDERS[name].error(400, {}, json.dumps(document).encode())


@pytest.mark.parametrize(("document", "parameter"), NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("name", ["openai", "anthropic", "openai_compatible"])
def test_the_refused_parameter_is_found(name, document, parameter):
    assert refusal(document, name).parameter == parameter


@pytest.mark.parametrize("document", NOT_NAMED, ids=repr)
def test_other_refusals_name_no_parameter(document):
    assert refusal(document).parameter == ""
