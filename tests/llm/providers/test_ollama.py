"""Requests of Ollama's native API as exact JSON, and where they go."""

import base64
import json

import pytest

from llm.errors import BadRequest
from llm.history import fit_history
from llm.providers import PROVIDERS
from llm.types import (
    ChatRequest,
    Image,
    Message,
    ModelConfig,
    Reasoning,
    Secret,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    system,
    user,
)

OLLAMA = PROVIDERS["ollama"]
WEATHER = ToolSpec("weather", "The weather.", {"type": "object", "properties": {}})
TIME = ToolSpec("time", "The time.", {"type": "object", "properties": {}})


def request(*messages, tools=(), stream=True, model="llama3.1", base_url="", key="", options=None, **params):
    config = ModelConfig(
        provider="ollama", model=model, base_url=base_url, api_key=Secret(key), options=options or {}, params={}
    )
    return OLLAMA.build(
        config, ChatRequest(messages=messages or (user("Hi"),), tools=tools, params=params, stream=stream)
    )


def body(*messages, **options):
    return json.loads(request(*messages, **options).body)


def test_the_smallest_request_makes_overflow_an_error():
    sent = request(stream=False)
    assert sent.url == "http://127.0.0.1:11434/api/chat"
    assert sent.headers == {"content-type": "application/json"}
    assert json.loads(sent.body) == {
        "model": "llama3.1",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": False,
        "truncate": False,
        "shift": False,
    }


def test_stream_is_always_said_because_it_is_the_servers_default():
    assert [body(stream=stream)["stream"] for stream in (True, False)] == [True, False]


def test_gotcha_25_and_26_a_whole_conversation_with_tools_at_the_top_and_arguments_as_objects():
    first, second = ToolCall("call_1", "weather", '{"city": "Zürich"}'), ToolCall("call_2", "time", "not json")
    sent = body(
        system("Be brief."),
        Message("user", (Text("Look"), Image(data=b"\x01\x02", media_type="image/png"))),
        Message("assistant", (Reasoning("hm"), first, second)),
        Message("tool", (ToolResult("call_1", "weather", "rain"), ToolResult("call_2", "time", "late", is_error=True))),
        Message("assistant", (Reasoning("so"), Text("Rain."))),
        tools=(WEATHER,),
    )
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Look", "images": ["AQI="]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"id": "call_1", "function": {"name": "weather", "arguments": {"city": "Zürich"}}},
                {"id": "call_2", "function": {"name": "time", "arguments": {}}},
            ],
        },
        {"role": "tool", "tool_name": "weather", "tool_call_id": "call_1", "content": "rain"},
        {"role": "tool", "tool_name": "time", "tool_call_id": "call_2", "content": "late"},
        {"role": "assistant", "content": "Rain."},
    ]
    parameters = {"type": "object", "properties": {}}
    function = {"name": "weather", "description": "The weather.", "parameters": parameters}
    assert sent["tools"] == [{"type": "function", "function": function}]
    assert "options" not in sent


def test_every_parameter_is_where_the_server_looks_for_it():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    sent = body(
        max_tokens=9,
        temperature=0,
        top_p=0.9,
        stop="END",
        seed=1,
        num_ctx=4096,
        keep_alive="10m",
        reasoning_effort="low",
        parallel_tool_calls=False,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}},
        logit_bias={},
        user="alice",
    )
    assert {name: value for name, value in sent.items() if name not in ("model", "messages", "stream")} == {
        "truncate": False,
        "shift": False,
        "think": True,
        "format": schema,
        "keep_alive": "10m",
        "options": {"temperature": 0, "top_p": 0.9, "seed": 1, "num_ctx": 4096, "num_predict": 9, "stop": ["END"]},
    }


def test_options_of_the_connection_and_parameters_that_beat_them():
    options = {"num_ctx": 8192, "keep_alive": -1, "truncate": True, "shift": True, "nonsense": 1}
    sent = body(options=options)
    assert (sent["truncate"], sent["shift"], sent["keep_alive"], sent["options"]) == (True, True, -1, {"num_ctx": 8192})
    assert body(options=options, num_ctx=16384)["options"] == {"num_ctx": 16384}


@pytest.mark.parametrize(
    ("model", "effort", "think"),
    [
        ("qwen3", "none", False),
        ("qwen3", "minimal", True),
        ("qwen3", "high", True),
        ("gpt-oss:20b", "minimal", "low"),
        ("gpt-oss:120b-cloud", "medium", "medium"),
        ("hf.co/unsloth/gpt-oss-20b-GGUF", "max", "high"),
        ("gpt-oss", "none", False),
        ("qwen3", "very", None),
        ("qwen3", None, None),
    ],
)
def test_effort_becomes_a_level_where_there_are_levels(model, effort, think):
    assert body(model=model, reasoning_effort=effort).get("think") == think


@pytest.mark.parametrize(
    ("response_format", "sent"),
    [({"type": "json_object"}, "json"), ({"type": "text"}, None), ("json", None), ({"type": "json_schema"}, "json")],
)
def test_formats(response_format, sent):
    assert body(response_format=response_format).get("format") == sent


@pytest.mark.parametrize(
    ("choice", "names"),
    [("auto", ["weather", "time"]), ("required", ["weather", "time"]), ("time", ["time"]), ("none", None)],
)
def test_a_choice_of_tools_is_made_by_what_the_model_is_told_of(choice, names):
    sent = body(tools=(WEATHER, TIME), tool_choice=choice)
    assert ([tool["function"]["name"] for tool in sent["tools"]] if "tools" in sent else None) == names
    assert "tool_choice" not in sent


def test_an_image_by_address_is_refused_and_one_in_bytes_is_sent():
    with pytest.raises(BadRequest, match="Upload the image"):
        request(Message("user", (Image(url="https://h/a.png"),)))
    sent = body(Message("user", (Image(data=b"\x01\x02"),)))
    assert sent["messages"] == [{"role": "user", "content": "", "images": ["AQI="]}]


def test_an_image_that_was_pasted_as_an_address_is_sent_in_bytes():
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    pasted = Message("user", (Image(url=f"data:image/png;base64,{png}"),))
    [message] = fit_history([pasted], origin="ollama@h").messages
    assert body(message)["messages"][0]["images"] == [png]


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
        ("localhost:11434", "http://localhost:11434"),
        ("192.168.0.9", "http://192.168.0.9:11434"),
        (":5000", "http://127.0.0.1:5000"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("[::]:11434", "http://127.0.0.1:11434"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("http://h/api", "http://h"),
        ("http://h:1/api/chat", "http://h:1"),
        ("http://h:1/api/tags/", "http://h:1"),
        ("http://h:1/v1", "http://h:1"),
        (" http://h:1/v1/chat/completions/ ", "http://h:1"),
        ("https://ollama.com", "https://ollama.com"),
        ("https://h/ollama/", "https://h/ollama"),
        ("https://h/ollama/api", "https://h/ollama"),
    ],
)
def test_a_base_url_in_every_form_that_people_type(typed, base):
    assert request(base_url=typed).url == f"{base}/api/chat"
    models = OLLAMA.models(ModelConfig(provider="ollama", model="m", base_url=typed))
    assert (models.request.method, models.request.url) == ("GET", f"{base}/api/tags")


@pytest.mark.parametrize("typed", ["http://[broken", "ftp://h", "http://a:b@h", "http://h:port", "//"])
def test_what_is_no_address_is_left_to_the_address_policy(typed):
    assert request(base_url=typed).url.endswith("/api/chat")


def test_a_key_is_for_the_cloud():
    assert request(key="k").headers["authorization"] == "Bearer k"
    assert not OLLAMA.needs_key


def test_installed_models_in_every_spelling():
    models = OLLAMA.models(ModelConfig(provider="ollama", model="m"))
    rows = [{"name": "llama3.1:latest", "model": "llama3.1:latest"}, {"name": "hf.co/a/b", "model": None}, "x", {}]
    assert set(models.names({"models": rows})) == {"llama3.1:latest", "llama3.1", "hf.co/a/b", "hf.co/a/b:latest"}
    assert models.names({"models": None}) == models.names([]) == models.names({"models": 5}) == []
    assert not models.proves_key
