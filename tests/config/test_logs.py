import json
import logging

import pytest

from config.logs import JSONLines, RedactKeys


def line(message, *args, exc_info=None):
    record = logging.LogRecord("chat", logging.ERROR, __file__, 1, message, args, exc_info)
    RedactKeys().filter(record)
    return JSONLines().format(record)


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnop",
        "sk-ant-api03-abcdefgh",
        "hf_abcdefghijklmnop",
        "sk-proj-x/2Wd8+abcdefgh",
        "Authorization: Bearer abcdefghijkl.mnop",
        "api_key=abcdefghijklmnop",
        "'x-api-key': 'abcdefghijklmnop'",
    ],
)
def test_no_key_gets_into_a_line(secret):
    assert "abcdefgh" not in line("calling with %s", secret)


def test_no_key_gets_into_a_traceback():
    try:
        raise ValueError("sk-proj-abcdefghijklmnop")
    except ValueError as error:
        text = line("failed", exc_info=(type(error), error, error.__traceback__))
    assert "abcdefgh" not in text
    assert "ValueError" in text


def test_a_line_is_one_object_whatever_is_logged():
    text = line("two\nlines %s", "\x1b[31m")
    assert "\n" not in text
    assert json.loads(text)["message"] == "two\nlines \x1b[31m"
