"""Servers of chat completions that differ from the rest, known by their host (as of November 2026).

A server that is not here needs nothing: the default is what all of them take, and a connection's `options` say the
rest. OpenRouter, Together and Fireworks need no row. llama.cpp, LM Studio, SGLang and LiteLLM's proxy need none either,
and run at anybody's address, where a row would not find them.
"""

from collections.abc import Mapping
from typing import TypeAlias

from llm.providers._portable_messages import with_answers_after_tools
from llm.types import JSON

Differences: TypeAlias = Mapping[str, JSON]

_NEW_LIMIT: Differences = {"max_tokens_field": "max_completion_tokens"}
# Its API is strict: an unknown field is a 422, ids have nine characters, usage comes without being asked for, and the
# order of turns is checked.
_MISTRAL: Differences = {
    "stream_usage": False,
    "short_call_ids": True,
    "renamed": {"seed": "random_seed"},
    "fit": with_answers_after_tools,
}
# A model that thought before it called a tool is refused without its thoughts: "The `reasoning_content` in the thinking
# mode must be passed back to the API" (api-docs.deepseek.com/guides/thinking_mode).
_THINKS_ALOUD: Differences = {"reasoning_field": "reasoning_content"}
# Gemini 3 refuses calls without a signature; this one is for histories that hold none
# (ai.google.dev/gemini-api/docs/thought-signatures).
_UNSIGNED = {"google": {"thought_signature": "skip_thought_signature_validator"}}

HOSTS: dict[str, Differences] = {
    "api.cerebras.ai": _NEW_LIMIT,
    "api.deepseek.com": _THINKS_ALOUD,
    "api.groq.com": _NEW_LIMIT,
    "api.mistral.ai": _MISTRAL,
    "api.moonshot.ai": {**_THINKS_ALOUD, "images_by_url": False},
    "api.moonshot.cn": {**_THINKS_ALOUD, "images_by_url": False},
    "api.x.ai": _NEW_LIMIT,
    "codestral.mistral.ai": _MISTRAL,
    "generativelanguage.googleapis.com": {"call_extra": {"extra_content": _UNSIGNED}},
}


def differences(host: str) -> Differences:
    return HOSTS.get(host, {})


def no_differences(_host: str) -> Differences:
    return {}
