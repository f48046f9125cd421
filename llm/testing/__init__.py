"""A provider on a real socket that answers as the prompt tells it: for tests, and by hand with `python -m llm.testing`.

It speaks chat completions (also as deployments do), Responses, Messages and the NDJSON chat, streamed and not, lists
models where each client looks for them, and refuses what the vendors refuse. `llm.testing.script` lists what a prompt
may ask for, `llm.testing.formats` holds the formats.
"""

from llm.testing.records import Exchange
from llm.testing.script import MARKDOWN, MULTIBYTE, expected_text
from llm.testing.server import ScriptedProvider

__all__ = ["MARKDOWN", "MULTIBYTE", "Exchange", "ScriptedProvider", "expected_text"]
