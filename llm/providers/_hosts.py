"""Servers of chat completions that differ from the rest, known by their host (as of November 2026).

A server that is not here needs nothing: the default is what all of them take, and a connection's `options` say the
rest. OpenRouter, Together and Fireworks need no row. llama.cpp, LM Studio, SGLang and LiteLLM's proxy need none either,
and run at anybody's address, where a row would not find them.
"""

from dataclasses import replace

from llm.providers._chat_format import ChatFormat
from llm.providers._portable_messages import with_answers_after_tools

_NEW_LIMIT = ChatFormat(max_tokens_field="max_completion_tokens")
# Its API is strict: an unknown field is a 422, ids have nine characters, usage comes without being asked for, and the
# order of turns is checked.
_MISTRAL = ChatFormat(
    stream_usage=False, short_call_ids=True, renamed={"seed": "random_seed"}, fit=with_answers_after_tools
)
# A model that thought before it called a tool is refused without its thoughts: "The `reasoning_content` in the thinking
# mode must be passed back to the API" (api-docs.deepseek.com/guides/thinking_mode).
_THINKS_ALOUD = ChatFormat(reasoning_field="reasoning_content")
_MOONSHOT = replace(_THINKS_ALOUD, images_by_url=False)
# Gemini 3 refuses calls without a signature; this one is for histories that hold none
# (ai.google.dev/gemini-api/docs/thought-signatures).
_UNSIGNED = {"google": {"thought_signature": "skip_thought_signature_validator"}}

HOSTS: dict[str, ChatFormat] = {
    "api.cerebras.ai": _NEW_LIMIT,
    "api.deepseek.com": _THINKS_ALOUD,
    "api.groq.com": _NEW_LIMIT,
    "api.mistral.ai": _MISTRAL,
    "api.moonshot.ai": _MOONSHOT,
    "api.moonshot.cn": _MOONSHOT,
    "api.x.ai": _NEW_LIMIT,
    "codestral.mistral.ai": _MISTRAL,
    "generativelanguage.googleapis.com": ChatFormat(call_extra={"extra_content": _UNSIGNED}),
}
