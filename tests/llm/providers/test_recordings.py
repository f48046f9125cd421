"""What real servers answered, read by the provider whose answer it is."""

import json

import pytest

from llm.errors import BadCredentials, BadRequest, ContextTooLong, LLMError, ModelNotFound
from llm.providers import PROVIDERS
from llm.secret import Secret
from llm.types import ModelConfig
from tests.llm.recorded import LISTS, REFUSALS, SIGNS_OF_LIFE

# What a recording under this name is about, whoever sent it.
REFUSED = {
    "err_bad_json": BadRequest,
    "err_bad_key": BadCredentials,
    "err_bad_param": BadRequest,
    "err_context": ContextTooLong,
    "err_no_model": ModelNotFound,
    "err_tools_not_enabled": BadRequest,
    "tool_named": BadRequest,
}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
def test_a_refusal(refusal):
    assert type(refusal.provider.error(refusal.status, {}, refusal.body)) is REFUSED[refusal.call]


@pytest.mark.parametrize("answer", LISTS, ids=lambda answer: answer.name)
def test_a_list_of_models(answer):
    config = ModelConfig(provider="any", model="m", base_url="http://h", api_key=Secret("k"))
    names = answer.provider.models(config).names(json.loads(answer.body))
    assert names
    assert all(names)


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("answer", SIGNS_OF_LIFE, ids=lambda answer: answer.name)
def test_a_sign_of_life_is_no_empty_answer_of_a_model(name, answer):
    """A base URL that leads to the wrong path of the right server must not look like a model with nothing to say."""
    with pytest.raises(LLMError):
        list(PROVIDERS[name].parse([answer.body]))
