"""What a code, a class and a message promise."""

import inspect

import llm.errors
from llm.errors import LLMError, is_retryable


def error_classes():
    return [value for value in vars(llm.errors).values() if inspect.isclass(value) and issubclass(value, LLMError)]


def test_a_code_tells_what_its_error_would():
    assert [kind for kind in error_classes() if is_retryable(kind.code) is not kind.retryable] == []


def test_codes_are_unique_and_messages_are_sentences():
    classes = error_classes()
    assert len({kind.code for kind in classes}) == len(classes)
    assert all(kind().message.endswith(".") for kind in classes)
