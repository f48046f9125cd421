"""The scripted provider refuses what the vendor of each format refuses, so that a sender's mistake is seen here."""

import pytest
import requests

from llm.testing import ScriptedProvider
from llm.testing.formats.base import signature_of
from tests.llm.spoken import ARGUMENTS, WIRES, send

CHAT, DEPLOYMENT, RESPONSES, MESSAGES, NDJSON = WIRES
OLD = {"anthropic-version": "2023-06-01"}


@pytest.fixture(scope="module")
def provider():
    with ScriptedProvider() as running:
        yield running


def user(content="x"):
    return {"role": "user", "content": content}


def chat_call(arguments="{}", name="call_1"):
    call = {"id": name, "type": "function", "function": {"name": "f", "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def use(given=None):
    return {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": given}]}


def result(name="t1"):
    return {"type": "tool_result", "tool_use_id": name, "content": "x"}


def text(said):
    return {"type": "text", "text": said}


def function(name="f"):
    return {"type": "function", "function": {"name": name, "parameters": ARGUMENTS}}


def flat(name="f", **more):
    return {"type": "function", "name": name, "parameters": ARGUMENTS} | more


def thought(seal):
    return {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]} | seal


SEALED = {"encrypted_content": signature_of("hm")}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "x"}
IMAGE = {"type": "base64", "media_type": "image/png", "data": "data:image/png;base64,aGk="}

REFUSED = [
    (CHAT, {"model": ""}, "must provide a model"),
    (CHAT, {"messages": []}, "Invalid 'messages'"),
    (CHAT, {"messages": [{"role": "bot", "content": "x"}]}, "messages[0].role"),
    (CHAT, {"messages": [{"role": "assistant", "content": None}]}, "got null"),
    (CHAT, {"messages": [user({"text": "x"})]}, "messages[0].content"),
    (CHAT, {"messages": [user([{"type": "text"}])]}, "content[0].text"),
    (CHAT, {"messages": [user([{"type": "image_url", "image_url": "data:"}])]}, "expected an object"),
    (CHAT, {"messages": [user(), chat_call()]}, "call_1"),
    (CHAT, {"messages": [chat_call(), user(), {"role": "tool", "tool_call_id": "call_1", "content": ""}]}, "call_1"),
    (CHAT, {"messages": [user(), {"role": "tool", "tool_call_id": "call_1", "content": ""}]}, "must be a response"),
    (CHAT, {"messages": [chat_call({}), user()]}, "expected a string, but got an object"),
    (CHAT, {"messages": [chat_call(name=""), user()]}, "an id and the type"),
    (CHAT, {"messages": [{"role": "assistant", "content": "x", "tool_calls": []}]}, "minimum length 1"),
    (CHAT, {"stream": False, "stream_options": {"include_usage": True}}, "only allowed with 'stream'"),
    (CHAT, {"tool_choice": "auto"}, "only allowed with 'tools'"),
    (CHAT, {"tools": [function()], "tool_choice": "f"}, "expected one of none, auto, required or an object"),
    (CHAT, {"parallel_tool_calls": True}, "only allowed with 'tools'"),
    (CHAT, {"tools": []}, "minimum length 1"),
    (CHAT, {"tools": [function("a b")]}, "tools[0].function.name"),
    (CHAT, {"tools": [flat()]}, "tools[0].function.name"),
    (CHAT, {"stop": list("abcde")}, "maximum length 4"),
    (CHAT, {"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.name"),
    (CHAT, {"model": "gpt-5-mini", "max_tokens": 5}, "'max_tokens' is not supported"),
    (CHAT, {"model": "o4-mini", "stop": "x"}, "'stop' is not supported"),
    (CHAT, {"model": "gpt-5", "temperature": 0.5}, "'temperature' does not support 0.5"),
    (CHAT, {"model": "gpt-5.1", "temperature": 0.5, "reasoning_effort": "low"}, "'temperature' does not support"),
    (CHAT, {"model": "gpt-5.5", "reasoning_effort": "minimal"}, "'minimal' is not supported"),
    (CHAT, {"model": "gpt-6.2-sol", "reasoning_effort": "none"}, "'none' is not supported"),
    (CHAT, {"model": "gpt-5.4", "tools": [function()], "reasoning_effort": "low"}, "Function tools"),
    (CHAT, {"model": "gpt-6-sol", "tools": [function()]}, "Function tools"),
    (CHAT, {"model": "gpt-4o", "reasoning_effort": "low"}, "Unrecognized request argument"),
    (DEPLOYMENT, {"reasoning_effort": "low"}, "Unrecognized request argument supplied: reasoning_effort"),
    (RESPONSES, {"model": None}, "'model'"),
    (RESPONSES, {"input": None}, "'input'"),
    (RESPONSES, {"messages": []}, "moved to 'input'"),
    (RESPONSES, {"max_tokens": 20}, "moved to 'max_output_tokens'"),
    (RESPONSES, {"response_format": {}}, "moved to 'text.format'"),
    (RESPONSES, {"seed": 1}, "Unknown parameter: 'seed'"),
    (RESPONSES, {"stream_options": {"include_usage": True}}, "stream_options.include_usage"),
    (RESPONSES, {"max_output_tokens": 15}, "Expected a value >= 16, but got 15"),
    (RESPONSES, {"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
    (RESPONSES, {"input": [user([text("x")])]}, "input_text"),
    (RESPONSES, {"input": [{"role": "assistant", "content": [{"type": "input_text"}]}]}, "output_text"),
    (RESPONSES, {"input": [user([{"type": "input_image", "image_url": {}}])]}, "image_url"),
    (RESPONSES, {"input": [{"type": "tool_result"}]}, "input[0].type"),
    (RESPONSES, {"input": [CALL | {"arguments": {}}, OUTPUT]}, "input[0].arguments"),
    (RESPONSES, {"input": [CALL, OUTPUT | {"output": None}]}, "input[1].output"),
    (RESPONSES, {"input": [CALL]}, "No tool output found for function call c"),
    (RESPONSES, {"input": [OUTPUT]}, "No tool call found"),
    (RESPONSES, {"input": [thought({}), CALL, OUTPUT], "store": False}, "Items are not persisted"),
    (RESPONSES, {"input": [thought({"encrypted_content": "x"}), CALL, OUTPUT]}, "could not be verified"),
    (RESPONSES, {"input": [thought(SEALED), user()]}, "without its required following item"),
    (RESPONSES, {"input": [thought(SEALED)]}, "without its required following item"),
    (RESPONSES, {"tools": [function()]}, "tools[0].name"),
    (RESPONSES, {"tools": [flat()], "tool_choice": {"type": "function", "function": {}}}, "tool_choice.name"),
    (RESPONSES, {"tools": [flat()], "tool_choice": "f"}, "Supported values are: none, auto, required"),
    (RESPONSES, {"text": {"format": {"type": "json_schema", "json_schema": {}}}}, "text.format.name"),
    (RESPONSES, {"model": "gpt-5.6-sol", "temperature": 0}, "'temperature' does not support 0"),
    (RESPONSES, {"model": "gpt-6-astra", "reasoning": {"effort": "none"}}, "'none' is not supported"),
    (RESPONSES, {"model": "gpt-4o", "reasoning": {"effort": "low"}}, "reasoning.effort"),
    (MESSAGES, {"model": None}, "model: Field required"),
    (MESSAGES, {"headers": {"anthropic-version": None}}, "anthropic-version: header is required"),
    (MESSAGES, {"headers": {"anthropic-version": "2024-01-01"}}, "is not a valid version"),
    (MESSAGES, {"seed": 1}, "seed: Extra inputs are not permitted"),
    (MESSAGES, {"temperature": 1.0}, "temperature: Extra inputs are not permitted"),
    (MESSAGES, {"max_tokens": None}, "max_tokens: Field required"),
    (MESSAGES, {"messages": []}, "at least one message"),
    (MESSAGES, {"messages": [{"role": "system", "content": "x"}]}, "Unexpected role"),
    (MESSAGES, {"messages": [user("")]}, "non-empty content"),
    (MESSAGES, {"messages": [user([text("")])]}, "must be non-empty"),
    (MESSAGES, {"messages": [user([text(" \n")])]}, "non-whitespace"),
    (MESSAGES, {"system": [text("")]}, "system: text content blocks"),
    (MESSAGES, {"messages": [user([{"type": "image_url"}])]}, "Input tag 'image_url'"),
    (MESSAGES, {"messages": [user([{"type": "image", "source": IMAGE}])]}, "not valid base64"),
    (MESSAGES, {"messages": [user([{"type": "image", "source": IMAGE | {"media_type": "image/bmp"}}])]}, "media_type"),
    (MESSAGES, {"messages": [user([{"type": "image"}])]}, "image.source"),
    (MESSAGES, {"messages": [user(), use("{}"), user([result()])]}, "valid dictionary"),
    (MESSAGES, {"messages": [user(), use({}), user()]}, "without `tool_result` blocks immediately after: t1"),
    (MESSAGES, {"messages": [user(), use({}), user([text("x"), result()])]}, "immediately after: t1"),
    (MESSAGES, {"messages": [user(), use({})]}, "immediately after: t1"),
    (MESSAGES, {"messages": [user([result()])]}, "unexpected `tool_use_id`"),
    (MESSAGES, {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "a"}]}]}, "signature"),
    (MESSAGES, {"stop_sequences": [" "]}, "stop_sequences"),
    (MESSAGES, {"thinking": {"type": "enabled", "budget_tokens": 100}}, "greater than or equal to 1024"),
    (MESSAGES, {"thinking": {"type": "enabled", "budget_tokens": 4096}}, "must be greater than"),
    (
        MESSAGES,
        {"thinking": {"type": "enabled", "budget_tokens": 2000}, "temperature": 0.5, "headers": OLD},
        "may only be set to 1",
    ),
    (
        MESSAGES,
        {"thinking": {"type": "adaptive"}, "tool_choice": {"type": "any"}, "tools": [{"name": "f"}]},
        "Thinking may not be enabled",
    ),
    (MESSAGES, {"tools": [{"name": "f", "parameters": ARGUMENTS}]}, "input_schema: Field required"),
    (MESSAGES, {"tools": [{"name": "a b", "input_schema": ARGUMENTS}]}, "should match pattern"),
    (MESSAGES, {"tools": [{"name": "f", "input_schema": ARGUMENTS, "parameters": {}}]}, "parameters: Extra inputs"),
    (MESSAGES, {"tool_choice": "auto"}, "valid dictionary"),
    (MESSAGES, {"tool_choice": {"type": "required"}}, "expected tags"),
    (MESSAGES, {"tool_choice": {"type": "tool"}}, "tool_choice.tool.name"),
    (MESSAGES, {"tool_choice": {"type": "auto"}}, "while providing tools"),
    (MESSAGES, {"model": "claude-opus-4-8", "temperature": 1, "headers": OLD}, "deprecated for this model"),
    (MESSAGES, {"model": "claude-sonnet-4-5", "temperature": 1, "top_p": 1, "headers": OLD}, "cannot both"),
    (MESSAGES, {"model": "claude-opus-5-5", "thinking": {"type": "enabled", "budget_tokens": 1024}}, "adaptive"),
    (MESSAGES, {"model": "claude-3-5-haiku-20241022", "output_config": {"effort": "low"}}, "effort parameter"),
    (MESSAGES, {"model": "claude-sonnet-5", "messages": [user(), {"role": "assistant", "content": "{"}]}, "prefill"),
    (NDJSON, {"model": ""}, "model is required"),
    (NDJSON, {"messages": [user([text("x")])]}, "cannot unmarshal array"),
    (NDJSON, {"messages": [{"content": "x"}]}, "invalid role"),
    (NDJSON, {"messages": [user() | {"images": ["data:image/png;base64,aGk="]}]}, "illegal base64"),
    (
        NDJSON,
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": "{}"}}]}]},
        "unmarshal string",
    ),
    (NDJSON, {"options": {"temperature": "hot"}}, 'option "temperature"'),
    (NDJSON, {"options": {"stop": "x"}}, 'option "stop" must be of type array'),
    (NDJSON, {"think": "xhigh"}, "invalid think value"),
    (NDJSON, {"format": "yaml"}, "invalid format"),
    (NDJSON, {"tools": [flat()]}, "tool.function"),
]


@pytest.mark.parametrize(("wire", "change", "words"), REFUSED, ids=lambda value: getattr(value, "name", None))
def test_a_body_that_the_vendor_refuses(provider, wire, change, words):
    with send(provider, wire, "x", **change) as response:
        assert response.status_code in (400, 404)
        assert words in str(response.json())


TAKEN = [
    (CHAT, {"tools": [function()], "tool_choice": "auto", "parallel_tool_calls": False, "seed": 7, "top_k": 5}),
    (CHAT, {"model": "gpt-5.1", "temperature": 0.5, "max_completion_tokens": 5}),
    (CHAT, {"model": "gpt-5.4", "tools": [function()]}),
    (CHAT, {"model": "gpt-6-sol", "tools": [function()], "reasoning_effort": "none", "temperature": 0}),
    (CHAT, {"model": "gpt-6.1-terra", "reasoning_effort": "max"}),
    (CHAT, {"model": "gpt-5-chat-latest", "max_tokens": 5, "temperature": 0}),
    (CHAT, {"model": "gpt-4o", "max_tokens": 5, "stop": "x", "temperature": 0}),
    (DEPLOYMENT, {"model": "gpt-5", "max_tokens": 5}),
    (RESPONSES, {"model": "gpt-6.2-sol", "tools": [flat()], "tool_choice": {"type": "function", "name": "f"}}),
    (RESPONSES, {"input": [user(), thought(SEALED), CALL, OUTPUT], "store": False, "max_output_tokens": 16}),
    (RESPONSES, {"input": [user(), thought({}), CALL, OUTPUT]}),
    (MESSAGES, {"temperature": 0.5, "top_k": 3, "headers": OLD}),
    (MESSAGES, {"model": "claude-sonnet-4-6", "temperature": 0.5, "headers": OLD}),
    (MESSAGES, {"model": "claude-opus-5-5", "thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}),
    (MESSAGES, {"messages": [user(), use({}), user([result(), text("and?")])], "system": "s", "stop_sequences": ["x"]}),
    (MESSAGES, {"tools": [{"name": "f", "input_schema": ARGUMENTS}], "tool_choice": {"type": "tool", "name": "f"}}),
    (NDJSON, {"options": {"temperature": 0, "stop": ["x"]}, "think": "high", "format": ARGUMENTS, "unknown": 1}),
    (NDJSON, {"tools": [function()], "keep_alive": "5m"}),
]


@pytest.mark.parametrize(("wire", "change"), TAKEN, ids=lambda value: getattr(value, "name", None))
def test_a_body_that_the_vendor_takes(provider, wire, change):
    with send(provider, wire, "x", **change) as response:
        assert response.status_code == 200, response.text


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_a_body_that_is_no_json_object(provider, wire, body):
    response = requests.post(provider.url + wire.path, data=body, headers=wire.headers, timeout=5)
    assert response.status_code == 400
    assert "could not parse" in str(response.json()["error"])


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({}, 401, "Access token is missing"),
        ({"authorization": "Bearer a-key-of-the-resource"}, 401, "audience is incorrect"),
        ({"authorization": "Bearer head.claims.signature"}, 200, "x"),
        ({"api-key": "bad-key"}, 401, "Access denied"),
        ({"api-key": "k"}, 200, "x"),
    ],
)
def test_who_may_ask_a_dated_deployment(provider, headers, status, words):
    response = requests.post(
        provider.url + DEPLOYMENT.path, json=DEPLOYMENT.body("x", stream=False), headers=headers, timeout=5
    )
    assert (response.status_code, words in response.text) == (status, True)


@pytest.mark.parametrize("query", ["", "?api-version=", "?api-version=latest"])
def test_a_dated_deployment_needs_its_version(provider, query):
    address = provider.url + DEPLOYMENT.path.partition("?")[0] + query
    response = requests.post(address, json=DEPLOYMENT.body("x", stream=False), headers=DEPLOYMENT.headers, timeout=5)
    assert response.status_code == 404
    assert response.json() == {"error": {"code": "404", "message": "Resource not found"}}


def test_dated_responses_need_a_late_version(provider):
    def asked(version):
        address = f"{provider.url}/openai/responses?api-version={version}"
        body = RESPONSES.body("x", stream=False)
        return requests.post(address, json=body, headers=DEPLOYMENT.headers, timeout=5).status_code

    assert (asked("2024-10-21"), asked("2025-04-01-preview")) == (400, 200)


def test_what_a_content_filter_answers(provider):
    response = send(provider, DEPLOYMENT, "[[error=400 code=content_filter]]")
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["status"]) == (400, "content_filter", 400)
    assert error["innererror"]["content_filter_result"]["violence"]["filtered"] is True


def test_an_unknown_address(provider):
    wrong = requests.post(f"{provider.url}/v1/chat", json={}, timeout=5)
    assert (wrong.status_code, wrong.json()) == (404, {"detail": "Not Found"})
    lost = requests.post(f"{provider.url}/openai/deployments/m/responses", json={}, timeout=5)
    assert (lost.status_code, lost.json()["error"]["message"]) == (404, "Resource not found")
