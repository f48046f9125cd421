"""Requests of the Responses API as exact JSON, and what becomes of each parameter."""

import json

import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
from pydantic import TypeAdapter

from llm.providers import PROVIDERS
from llm.reply import ReplyBuilder
from llm.types import (
    ChatRequest,
    Image,
    Message,
    ModelConfig,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    assistant,
    system,
    user,
)
from tests.llm.providers.responses_wire import ANSWERS, FIRST, OSLO, SECOND, ZURICH, stream

TOOL = ToolSpec("weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAA"}
IN_CHAT = {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}


def body(*messages, model="gpt-6.2-sol", tools=(), streamed=True, **params):
    config = ModelConfig(provider="openai", model=model, options={"wire_format": "responses"})
    request = ChatRequest(messages=messages or (user("Hi"),), tools=tools, params=params, stream=streamed)
    return json.loads(PROVIDERS["openai"].build(config, request).body)


def test_the_smallest_request():
    assert body(model="gpt-4o", streamed=False) == {
        "model": "gpt-4o",
        "input": [IN_CHAT],
        "stream": False,
        "store": False,
    }


def test_a_reasoner_is_asked_for_thoughts_that_can_go_back():
    assert body() == {
        "model": "gpt-6.2-sol",
        "input": [IN_CHAT],
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }


CONVERSATION = (
    system("Be brief."),
    system("Be kind."),
    Message("user", (Text("Look"), Image(data=b"\x01", media_type="image/png"), Image(url="https://h/a.png"))),
    Message(
        "assistant",
        (
            Reasoning("unsigned"),
            Reasoning("hm", json.dumps(THOUGHT)),
            Text("I look."),
            Reasoning("", json.dumps(THOUGHT | {"id": "rs_2"})),
            ToolCall("call_1", "weather", '{"city": "Zürich"}'),
            ToolCall("call_2", "weather", "{}"),
        ),
    ),
    Message("tool", (ToolResult("call_1", "weather", "rain"), ToolResult("call_2", "weather", "no city", True))),
    assistant("It rains."),
    user("And?"),
)


def test_a_whole_conversation():
    sent = body(*CONVERSATION, tools=(TOOL,))
    assert sent["instructions"] == "Be brief.\n\nBe kind."
    assert sent["tools"] == [
        {
            "type": "function",
            "name": "weather",
            "description": "The weather.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
            "strict": False,
        }
    ]
    assert sent["input"] == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look"},
                {"type": "input_image", "image_url": "data:image/png;base64,AQ==", "detail": "auto"},
                {"type": "input_image", "image_url": "https://h/a.png", "detail": "auto"},
            ],
        },
        THOUGHT,
        {"type": "message", "role": "assistant", "content": "I look."},
        THOUGHT | {"id": "rs_2"},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city": "Zürich"}'},
        {"type": "function_call", "call_id": "call_2", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
        {"type": "function_call_output", "call_id": "call_2", "output": "no city"},
        {"type": "message", "role": "assistant", "content": "It rains."},
        {"role": "user", "content": [{"type": "input_text", "text": "And?"}]},
    ]


@pytest.mark.parametrize("opaque", ["", "EqQB", "redacted_thinking:c2Vj", "{", "[]", "7", '{"type":"message"}'])
def test_a_thought_that_another_format_signed_stays_behind(opaque):
    said = Message("assistant", (Reasoning("hm", opaque), Text("Hi")))
    assert body(said)["input"] == [{"type": "message", "role": "assistant", "content": "Hi"}]


def test_a_thought_after_which_nothing_came_stays_behind():
    cut = Message("assistant", (Text("Hi"), Reasoning("hm", json.dumps(THOUGHT))))
    assert body(cut)["input"] == [{"type": "message", "role": "assistant", "content": "Hi"}]


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({"max_tokens": 500}, {"max_output_tokens": 500}),
        ({"max_tokens": 1}, {"max_output_tokens": 16}),
        ({"max_completion_tokens": 500}, {"max_output_tokens": 500}),
        ({"reasoning_effort": "high"}, {"reasoning": {"effort": "high", "summary": "auto"}}),
        ({"reasoning_effort": "minimal"}, {}),
        ({"temperature": 0.2, "top_p": 0.9}, {}),
        ({"stop": ["x"], "seed": 1, "logit_bias": {}, "top_k": 3, "input": [], "store": True}, {}),
        ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
        ({"verbosity": "low"}, {"text": {"verbosity": "low"}}),
        ({"prompt_cache_key": "k", "service_tier": "flex"}, {"prompt_cache_key": "k", "service_tier": "flex"}),
        ({"tool_choice": "required", "parallel_tool_calls": False}, {}),
    ],
)
def test_parameters_under_their_names_here_and_no_others(params, sent):
    assert body(**params) == body() | sent


def test_a_schema_lies_flat():
    schema = {"name": "n", "schema": {"type": "object"}, "strict": True}
    sent = body(response_format={"type": "json_schema", "json_schema": schema})
    assert sent["text"] == {"format": {"type": "json_schema"} | schema}


def test_models_that_do_not_reason_are_steered_and_asked_for_no_thoughts():
    sent = body(model="gpt-4o", temperature=0.2, reasoning_effort="high")
    assert sent["temperature"] == 0.2
    assert not {"reasoning", "include"} & set(sent)
    assert body(model="gpt-5.6-sol", temperature=0.2, reasoning_effort="none") == body(model="gpt-5.6-sol") | {
        "temperature": 0.2,
        "reasoning": {"effort": "none"},
    }


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_words_of_a_tool_choice_stay_and_a_name_becomes_a_function(choice):
    assert (
        body(tools=(TOOL,), tool_choice=choice, parallel_tool_calls=False).items()
        >= {
            "tool_choice": choice,
            "parallel_tool_calls": False,
        }.items()
    )
    assert body(tools=(TOOL,), tool_choice="weather")["tool_choice"] == {"type": "function", "name": "weather"}


def test_the_vendors_own_types_accept_the_request():
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    params = {"reasoning_effort": "high", "max_tokens": 9, "tool_choice": "weather", "response_format": schema}
    sent = body(*CONVERSATION, tools=(TOOL,), **params)
    assert TypeAdapter(ResponseCreateParamsStreaming).validate_python(sent)["model"] == "gpt-6.2-sol"


def test_what_was_read_goes_back_unchanged():
    reply = ReplyBuilder()
    for event in PROVIDERS["openai"].parse([stream(*ANSWERS["thinking, calling two tools"])]):
        reply.add(event)
    back = body(user("Weather?"), reply.reply().message)["input"][1:]
    assert back == [FIRST, without_id(ZURICH), SECOND, without_id(OSLO)]


def without_id(item):
    return {name: value for name, value in item.items() if name not in ("id", "status")}
