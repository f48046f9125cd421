"""Which of its two formats OpenAI is asked in, and what each family of its models accepts in either."""

import json

import pytest

from llm.providers import PROVIDERS
from llm.providers._openai_families import family_of
from llm.secret import Secret
from llm.types import ChatRequest, Message, ModelConfig, Text, ToolCall, ToolResult, ToolSpec, system, user
from tests.llm.recorded import body_of

TOOL = ToolSpec("weather", "The weather.", {"type": "object", "properties": {}})
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SAMPLING = {"temperature": 0.2, "top_p": 0.9}
# The table of the vendor's families: what is accepted, and what is meant where nothing is said.
UP_TO_HIGH = ("low", "medium", "high")
FAMILIES = [
    (("gpt-5", "gpt-5-mini", "gpt-5-nano", "ft:gpt-5-mini:team::id"), ("minimal", *UP_TO_HIGH), "medium"),
    (("gpt-5.1",), ("none", *UP_TO_HIGH), "none"),
    (("gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano"), ("none", *UP_TO_HIGH, "xhigh"), "none"),
    (("gpt-5.5", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna"), ("none", *UP_TO_HIGH, "xhigh"), "medium"),
    (("gpt-6-sol", "gpt-6-luna", "gpt-6.1-terra"), ("none", *UP_TO_HIGH, "xhigh", "max"), "medium"),
    (("gpt-6-astra", "gpt-6.1-sol", "gpt-6.2-astra", "gpt-6.2-sol"), (*UP_TO_HIGH, "xhigh", "max"), "medium"),
    (("gpt-7", "gpt-7.3-nova", "gpt-12", "ft:gpt-7-mini:team::id"), (*UP_TO_HIGH, "xhigh", "max"), "medium"),
    (("o1", "o3", "o4-mini", "o5-mini", "ft:o4-mini:team::id"), UP_TO_HIGH, "medium"),
    (("gpt-4o", "gpt-4o-mini-2024-07-18", "gpt-4.1-mini", "gpt-3.5-turbo", "ft:gpt-4o-mini:team::id"), (), "none"),
]
ROWS = [(model, efforts, default) for models, efforts, default in FAMILIES for model in models]
BOTH = ["chat_completions", "responses"]
each_family = pytest.mark.parametrize(("model", "efforts", "default"), ROWS, ids=[row[0] for row in ROWS])


def asked(model, *messages, tools=(), options=None, base_url="", **params):
    config = ModelConfig(provider="openai", model=model, base_url=base_url, options=options or {})
    request = PROVIDERS["openai"].build(
        config, ChatRequest(messages=messages or (user("Hi"),), tools=tools, params=params)
    )
    return request.url.removeprefix("https://api.openai.com/v1/"), json.loads(request.body)


def effort_in(body):
    return body.get("reasoning", body).get("effort", body.get("reasoning_effort"))


@each_family
@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("wire_format", BOTH)
def test_gotcha_31_only_efforts_that_the_family_takes_are_sent(model, efforts, default, effort, wire_format):
    _, body = asked(model, options={"wire_format": wire_format}, reasoning_effort=effort)
    assert effort_in(body) == (effort if effort in efforts else None)


@each_family
@pytest.mark.parametrize("wire_format", BOTH)
def test_gotcha_31_sampling_is_sent_only_where_the_model_does_not_reason(model, efforts, default, wire_format):
    for effort in (None, *efforts):
        _, body = asked(model, options={"wire_format": wire_format}, reasoning_effort=effort, **SAMPLING)
        sent = {name: body[name] for name in SAMPLING if name in body}
        assert sent == (SAMPLING if (effort or default) == "none" else {})


@each_family
def test_gotcha_29_the_limit_and_what_reasoners_refuse_on_chat_completions(model, efforts, default):
    refused = {"stop": ["x"], "presence_penalty": 1, "frequency_penalty": 1, "logit_bias": {}, "prediction": {}}
    _, body = asked(model, options={"wire_format": "chat_completions"}, max_tokens=7, seed=1, **refused)
    assert (body["max_completion_tokens"], body["seed"]) == (7, 1)
    assert "max_tokens" not in body
    assert set(refused) & set(body) == (set() if efforts else set(refused))


@each_family
def test_gotcha_30_nothing_is_sent_that_was_not_set(model, efforts, default):
    operation, body = asked(model)
    assert operation == "chat/completions"
    assert set(body) == {"model", "messages", "stream", "stream_options"}


@pytest.mark.parametrize(
    ("model", "effort", "operation", "sent"),
    [
        ("gpt-4o", None, "chat/completions", None),
        ("gpt-4.1", "high", "chat/completions", None),
        ("o3", "high", "chat/completions", "high"),
        ("o5-mini", None, "chat/completions", None),
        ("gpt-5", "high", "chat/completions", "high"),
        ("gpt-5.2", "xhigh", "chat/completions", "xhigh"),
        ("gpt-5.4", None, "chat/completions", None),
        ("gpt-5.4", "none", "chat/completions", "none"),
        ("gpt-5.4-mini", "high", "responses", "high"),
        ("gpt-5.6-terra", None, "responses", None),
        ("gpt-5.6-terra", "minimal", "responses", None),
        ("gpt-5.6-terra", "none", "chat/completions", "none"),
        ("gpt-6-luna", "high", "responses", "high"),
        ("gpt-6-luna", "none", "chat/completions", "none"),
        ("gpt-6-astra", None, "responses", None),
        ("gpt-6.1-sol", "none", "responses", None),
        ("gpt-6.2-sol", "high", "responses", "high"),
        ("gpt-7", None, "responses", None),
        ("ft:gpt-6.2-sol:team::id", None, "responses", None),
        ("something-else", "high", "chat/completions", "high"),
    ],
)
def test_gotcha_28_function_tools_and_reasoning_go_to_responses_together(model, effort, operation, sent):
    found, body = asked(model, tools=(TOOL,), reasoning_effort=effort)
    assert (found, effort_in(body)) == (operation, sent)


def test_a_history_with_calls_is_a_matter_of_tools_too():
    call, result = ToolCall("call_1", "weather", "{}"), ToolResult("call_1", "weather", "rain")
    past = [user("Weather?"), Message("assistant", (call,)), Message("tool", (result,)), user("And?")]
    assert asked("gpt-6.2-sol", *past)[0] == "responses"
    assert asked("gpt-4o", *past)[0] == "chat/completions"


@pytest.mark.parametrize("model", ["gpt-5-pro", "o3-pro-2025-06-10", "gpt-5.1-codex-mini", "gpt-5.3-codex"])
def test_models_that_know_responses_only(model):
    assert asked(model)[0] == "responses"


@pytest.mark.parametrize(
    ("model", "operation"), [("gpt-6-luna", "responses"), ("gpt-6.2-sol", "responses"), ("gpt-5", "chat/completions")]
)
def test_the_highest_effort_is_understood_on_responses_only(model, operation):
    assert asked(model, reasoning_effort="max")[0] == operation


@pytest.mark.parametrize(
    ("model", "effort"), [("gpt-5.4", "none"), ("gpt-5.6-terra", "none"), ("gpt-5", "high"), ("gpt-6.2-sol", "high")]
)
def test_gotcha_28_a_relay_without_responses_gets_tools_without_reasoning(model, effort):
    options = {"wire_format": "chat_completions"}
    operation, body = asked(model, tools=(TOOL,), options=options, reasoning_effort="high", temperature=0.2)
    assert operation == "chat/completions"
    assert body["reasoning_effort"] == effort
    assert ("temperature" in body) == (effort == "none")


@pytest.mark.parametrize("option", ["", None, 7, ["responses"], "messages"])
def test_a_wire_format_that_does_not_exist_is_ignored(option):
    assert asked("gpt-4o", options={"wire_format": option})[0] == "chat/completions"


def test_reasoning_models_have_a_developer_and_others_a_system():
    def role(model):
        return asked(model, system("x"))[1]["messages"][0]["role"]

    assert role("gpt-6-luna") == role("o3") == "developer"
    assert role("gpt-4o") == role("something-else") == "system"


def test_nothing_is_assumed_of_a_name_that_says_nothing():
    params = {"temperature": 0.2, "stop": "x", "reasoning_effort": "high"}
    assert family_of("house-model") is None
    assert params.items() <= asked("house-model", **params)[1].items()


@pytest.mark.parametrize("pasted", ["http://h", "http://h/v1", "http://h/v1/responses", "http://h/v1/chat/completions"])
def test_a_pasted_address_of_either_format_serves_both(pasted):
    assert asked("gpt-4o", base_url=pasted)[0] == "http://h/v1/chat/completions"
    assert asked("gpt-6.2-sol", tools=(TOOL,), base_url=pasted)[0] == "http://h/v1/responses"


def test_a_whole_conversation_on_chat_completions():
    config = ModelConfig(provider="openai", model="gpt-4o", api_key=Secret("sk-1"))
    call = ToolCall("call_1", "weather", "{}")
    messages = (user("Hi"), Message("assistant", (Text("I look."), call)))
    request = PROVIDERS["openai"].build(config, ChatRequest(messages=messages, tools=(TOOL,), stream=False))
    assert request.headers == {"content-type": "application/json", "authorization": "Bearer sk-1"}
    function = {"name": "weather", "description": "The weather.", "parameters": {"type": "object", "properties": {}}}
    wire_call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    assert json.loads(request.body) == {
        "model": "gpt-4o",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "I look.", "tool_calls": [wire_call]},
        ],
        "stream": False,
        "tools": [{"type": "function", "function": function}],
    }


@pytest.mark.parametrize(
    ("recording", "names"),
    [("vllm-0.32/models", ["smol"]), ("llamacpp-b11549/models", ["SmolLM2-135M-Instruct.Q4_1.gguf"])],
)
def test_recorded_lists_of_models(recording, names):
    request = PROVIDERS["openai"].models(ModelConfig(provider="openai", model="m", base_url="http://h"))
    assert request.request.url == "http://h/v1/models"
    assert request.names(json.loads(body_of(recording))) == names
