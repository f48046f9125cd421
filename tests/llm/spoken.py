"""Every wire format of the scripted provider, asked and read by hand: no code of `llm.providers` takes part.

The readers believe what they read: a format that breaks its own rules fails here with a KeyError.
"""

import json
from dataclasses import dataclass, field

import requests

ARGUMENTS = {"type": "object", "properties": {"city": {"type": "string"}}}


@dataclass
class Answer:
    text: str = ""
    thoughts: str = ""
    calls: list = field(default_factory=list)
    reason: str = ""
    tokens: int | None = None
    error: str = ""
    broken: int = 0
    ended: bool = False


def documents(body, answer):
    """The JSON documents of a stream, of events or of lines; those that are none are counted."""
    for line in body.decode().split("\n"):
        text = line.removeprefix("data: ")
        if not line or line.startswith(("event: ", "data: [DONE]")):
            answer.ended |= line == "data: [DONE]"
            continue
        try:
            yield json.loads(text)
        except json.JSONDecodeError:
            answer.broken += 1


class Chat:
    name, path, headers = "chat_completions", "/v1/chat/completions", {}
    limit = "max_completion_tokens"
    json_wanted = {"response_format": {"type": "json_object"}}
    reasons = {"stop": "stop", "length": "length", "tools": "tool_calls"}

    def body(self, prompt, stream, **extra):
        usage = {"stream_options": {"include_usage": True}} if stream else {}
        return {"model": "m", "messages": self.asked(prompt), "stream": stream} | usage | extra

    def asked(self, prompt):
        return [{"role": "user", "content": prompt}]

    def answered(self, prompt, calls, result):
        made = [
            {"id": name, "type": "function", "function": {"name": function, "arguments": json.dumps(arguments)}}
            for name, function, arguments in calls
        ]
        results = [{"role": "tool", "tool_call_id": name, "content": result} for name, _, _ in calls]
        return {"messages": [*self.asked(prompt), {"role": "assistant", "content": None, "tool_calls": made}, *results]}

    def pictured(self, prompt):
        image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
        return {"messages": [{"role": "user", "content": [{"type": "text", "text": prompt}, image, image]}]}

    def whole(self, document):
        [choice] = document["choices"]
        message = choice["message"]
        calls = [
            (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
            for call in message.get("tool_calls", ())
        ]
        tokens = document["usage"]["completion_tokens"] if document.get("usage") else None
        thoughts = message.get("reasoning_content", "")
        return Answer(message["content"] or "", thoughts, calls, choice["finish_reason"], tokens, ended=True)

    def stream(self, body):
        answer, calls = Answer(), []
        for chunk in documents(body, answer):
            answer.error = answer.error or chunk.get("error", {}).get("message", "")
            answer.tokens = chunk["usage"]["completion_tokens"] if chunk.get("usage") else answer.tokens
            for choice in chunk.get("choices", ()):
                answer.reason = choice["finish_reason"] or answer.reason
                answer.text += choice["delta"].get("content") or ""
                answer.thoughts += choice["delta"].get("reasoning_content", "")
                for part in choice["delta"].get("tool_calls", ()):
                    if "id" in part:
                        calls.append([part["id"], part["function"]["name"], ""])
                    calls[part["index"]][2] += part["function"]["arguments"]
        answer.calls = [(name, function, json.loads(arguments)) for name, function, arguments in calls]
        return answer


class Deployment(Chat):
    name = "deployment"
    path = "/openai/deployments/m/chat/completions?api-version=2024-10-21"
    headers = {"api-key": "k"}


class Responses:
    name, path, headers = "responses", "/v1/responses", {}
    limit = "max_output_tokens"
    json_wanted = {"text": {"format": {"type": "json_object"}}}
    reasons = {"stop": "completed", "length": "incomplete", "tools": "completed"}

    def body(self, prompt, stream, **extra):
        return {"model": "m", "input": prompt, "stream": stream} | extra

    def answered(self, prompt, calls, result):
        items = [{"role": "user", "content": prompt}]
        for name, function, arguments in calls:
            items.append(
                {"type": "function_call", "call_id": name, "name": function, "arguments": json.dumps(arguments)}
            )
        for name, _, _ in calls:
            items.append({"type": "function_call_output", "call_id": name, "output": result})
        return {"input": items}

    def pictured(self, prompt):
        image = {"type": "input_image", "image_url": "data:image/png;base64,aGk="}
        return {"input": [{"role": "user", "content": [{"type": "input_text", "text": prompt}, image, image]}]}

    def whole(self, document):
        answer = Answer(reason=document["status"], ended=True)
        answer.tokens = document["usage"] and document["usage"]["output_tokens"]
        for item in document["output"]:
            if item["type"] == "reasoning":
                answer.thoughts += "".join(part["text"] for part in item["summary"])
            elif item["type"] == "message":
                answer.text += "".join(part["text"] for part in item["content"])
            else:
                answer.calls.append((item["call_id"], item["name"], json.loads(item["arguments"])))
        return answer

    def stream(self, body):
        """What the events add up to is what the last of them repeats."""
        answer, arguments = Answer(), {}
        for number, event in enumerate(documents(body, answer)):
            assert event["sequence_number"] == number
            match event["type"]:
                case "response.output_text.delta":
                    answer.text += event["delta"]
                case "response.reasoning_summary_text.delta":
                    answer.thoughts += event["delta"]
                case "response.function_call_arguments.delta":
                    arguments[event["item_id"]] = arguments.get(event["item_id"], "") + event["delta"]
                case "response.output_item.done" if event["item"]["type"] == "function_call":
                    item = event["item"]
                    answer.calls.append((item["call_id"], item["name"], json.loads(arguments[item["id"]])))
                case "response.completed" | "response.incomplete":
                    said, broken = self.whole(event["response"]), answer.broken
                    assert (said.text, said.thoughts, said.calls) == (answer.text, answer.thoughts, answer.calls)
                    answer = said
                    answer.broken = broken
                case "error":
                    answer.error = event["message"]
        return answer


class Messages:
    name, path = "messages", "/v1/messages"
    headers = {"anthropic-version": "2026-10-21"}
    limit = "max_tokens"
    json_wanted = {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}
    reasons = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use"}

    def body(self, prompt, stream, **extra):
        message = {"role": "user", "content": prompt}
        return {"model": "m", "max_tokens": 4096, "messages": [message], "stream": stream} | extra

    def answered(self, prompt, calls, result):
        made = [{"type": "tool_use", "id": name, "name": function, "input": given} for name, function, given in calls]
        results = [{"type": "tool_result", "tool_use_id": name, "content": result} for name, _, _ in calls]
        turns = [("user", prompt), ("assistant", made), ("user", results)]
        return {"messages": [{"role": role, "content": content} for role, content in turns]}

    def pictured(self, prompt):
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
        return {"messages": [{"role": "user", "content": [{"type": "text", "text": prompt}, image, image]}]}

    def whole(self, document):
        answer = Answer(reason=document["stop_reason"], tokens=document["usage"].get("output_tokens"), ended=True)
        for block in document["content"]:
            self.read(answer, block)
        return answer

    def read(self, answer, block):
        match block["type"]:
            case "thinking":
                assert block["signature"]
                answer.thoughts += block["thinking"]
            case "text":
                answer.text += block["text"]
            case _:
                answer.calls.append((block["id"], block["name"], block["input"]))

    def stream(self, body):
        answer, blocks = Answer(), []
        for event in documents(body, answer):
            match event["type"]:
                case "content_block_start":
                    assert event["index"] == len(blocks)
                    blocks.append(event["content_block"] | {"json": ""})
                case "content_block_delta":
                    self.add(blocks[event["index"]], event["delta"])
                case "message_delta":
                    answer.reason = event["delta"]["stop_reason"]
                    answer.tokens = event["usage"].get("output_tokens")
                case "message_stop":
                    answer.ended = True
                case "error":
                    answer.error = event["error"]["message"]
        for block in blocks:
            self.read(answer, block | ({"input": json.loads(block["json"])} if block["json"] else {}))
        return answer

    def add(self, block, delta):
        names = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
        name = names.get(delta["type"])
        if name:
            block[name] += delta[name]
        else:
            block["json"] += delta["partial_json"]


class Ndjson:
    name, path, headers = "ndjson_chat", "/api/chat", {}
    limit = "num_predict"
    json_wanted = {"format": "json"}
    reasons = {"stop": "stop", "length": "length", "tools": "stop"}

    def body(self, prompt, stream, num_predict=-1, **extra):
        """Streaming is what it does unless it is told not to."""
        silent = {} if stream else {"stream": False}
        asked = {"model": "m", "messages": [{"role": "user", "content": prompt}]}
        return asked | silent | {"options": {"num_predict": num_predict}} | extra

    def answered(self, prompt, calls, result):
        made = [{"id": name, "function": {"name": function, "arguments": given}} for name, function, given in calls]
        results = [{"role": "tool", "tool_name": function, "content": result} for _, function, _ in calls]
        asked = {"role": "user", "content": prompt}
        return {"messages": [asked, {"role": "assistant", "content": "", "tool_calls": made}, *results]}

    def pictured(self, prompt):
        return {"messages": [{"role": "user", "content": prompt, "images": ["aGk=", "aGk="]}]}

    def whole(self, document):
        answer = Answer()
        self.read(answer, document)
        return answer

    def read(self, answer, line):
        message = line["message"]
        answer.text += message["content"]
        answer.thoughts += message.get("thinking", "")
        for call in message.get("tool_calls", ()):
            answer.calls.append((call["id"], call["function"]["name"], call["function"]["arguments"]))
        if line["done"]:
            answer.reason, answer.tokens, answer.ended = line["done_reason"], line.get("eval_count"), True

    def stream(self, body):
        answer = Answer()
        for line in documents(body, answer):
            if "error" in line:
                answer.error = line["error"]
            else:
                self.read(answer, line)
        return answer


WIRES = (Chat(), Deployment(), Responses(), Messages(), Ndjson())


def send(provider, wire, prompt="", *, stream=True, headers=None, timeout=5, **extra):
    body = wire.body(prompt, stream, **extra)
    headers = wire.headers | (headers or {})
    return requests.post(provider.url + wire.path, json=body, headers=headers, stream=True, timeout=timeout)


def ask(provider, wire, prompt="", *, stream=True, **options):
    with send(provider, wire, prompt, stream=stream, **options) as response:
        assert response.status_code == 200, response.text
        return wire.stream(response.content) if stream else wire.whole(response.json())
