"""A provider on a real socket that answers as the prompt tells it: for tests, and by hand with `python -m llm.testing`.

It speaks chat completions and messages, streamed and not; `llm.testing.script` lists what a prompt may ask for.
"""

from llm.testing.records import Exchange
from llm.testing.script import MARKDOWN, MULTIBYTE, expected_text
from llm.testing.server import ScriptedProvider

__all__ = ["MARKDOWN", "MULTIBYTE", "Exchange", "ScriptedProvider", "expected_text"]
