"""Answers of the Responses API as OpenAI streams them, written by hand from its published types."""

import json

USAGE = {
    "input_tokens": 81,
    "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 0},
    "output_tokens": 35,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 116,
}


def stream(*documents):
    """Events with their names, as the vendor sends them; no `[DONE]`."""
    numbered = [document | {"sequence_number": number} for number, document in enumerate(documents)]
    lines = (
        f"event: {document['type']}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n" for document in numbered
    )
    return "".join(lines).encode()


def response(status, *output, **rest):
    """The object that the last event holds and that an answer which was not streamed is."""
    asked = {"model": "gpt-6.2-sol", "tools": [], "tool_choice": "auto", "parallel_tool_calls": True}
    said = {"status": status, "output": list(output), "error": None, "incomplete_details": None, "usage": USAGE}
    return {"id": "resp_1", "object": "response", "created_at": 1795400000} | asked | said | rest


def end(status, *output, **rest):
    return {"type": f"response.{status}", "response": response(status, *output, **rest)}


def delta(kind, text, index, item, **rest):
    return {"type": f"response.{kind}.delta", "item_id": item["id"], "output_index": index, "delta": text} | rest


def item_events(index, item, *between):
    yield {"type": "response.output_item.added", "output_index": index, "item": begun(item)}
    yield from between
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def begun(item):
    """What is known of an item when it begins."""
    empty = {"status": "in_progress"}
    match item["type"]:
        case "message":
            return item | empty | {"content": []}
        case "reasoning":
            return item | empty | {"summary": [], "encrypted_content": "unfinished"}
        case _:
            return item | empty | {"arguments": ""}


def thought(number, *summary, sealed=True):
    parts = [{"type": "summary_text", "text": text} for text in summary]
    item = {"id": f"rs_{number}", "type": "reasoning", "summary": parts}
    return item | {"encrypted_content": f"gAAAAAB-{number}"} if sealed else item


def message(number, text):
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": f"msg_{number}", "type": "message", "role": "assistant", "status": "completed", "content": content}


def refusal(number, text):
    return message(number, "") | {"content": [{"type": "refusal", "refusal": text}]}


def call(number, name, arguments, status="completed"):
    named = {"call_id": f"call_{number}", "name": name, "arguments": arguments}
    return {"id": f"fc_{number}", "type": "function_call", "status": status} | named


def thinking(index, item):
    deltas = []
    for position, part in enumerate(item["summary"]):
        place = {"item_id": item["id"], "output_index": index, "summary_index": position}
        empty = {"type": "summary_text", "text": ""}
        deltas.append({"type": "response.reasoning_summary_part.added", "part": empty} | place)
        pieces = halves(part["text"])
        deltas += [delta("reasoning_summary_text", piece, index, item, summary_index=position) for piece in pieces]
        deltas.append({"type": "response.reasoning_summary_text.done", "text": part["text"]} | place)
    return item_events(index, item, *deltas)


def speaking(index, item, kind="output_text"):
    text = item["content"][0].get("text") or item["content"][0].get("refusal")
    return item_events(
        index, item, *[delta(kind, piece, index, item, content_index=0, logprobs=[]) for piece in halves(text)]
    )


def halves(text):
    half = len(text) // 2
    return text[:half], text[half:]


def calling(index, item):
    arguments, place = item["arguments"], {"item_id": item["id"], "output_index": index}
    pieces = [
        delta("function_call_arguments", arguments[at : at + 4], index, item) for at in range(0, len(arguments), 4)
    ]
    done = {"type": "response.function_call_arguments.done", "name": item["name"], "arguments": arguments} | place
    return item_events(index, item, *pieces, done)


START = [
    {"type": "response.created", "response": response("in_progress", usage=None)},
    {"type": "response.in_progress", "response": response("in_progress", usage=None)},
]
FIRST, SECOND = thought(1, "I need the", "weather of Zürich 🌍"), thought(2, "And of Oslo")
HELLO, NO = message(3, "Grüezi 👋 there"), refusal(4, "I will not.")
ZURICH, OSLO = call(5, "weather", '{"city": "Zürich"}'), call(6, "weather", '{"city":"Oslo"}')

ANSWERS = {
    "saying hello": [*START, *speaking(0, HELLO), end("completed", HELLO)],
    "thinking, calling two tools": [
        *START,
        *thinking(0, FIRST),
        *calling(1, ZURICH),
        *thinking(2, SECOND),
        *calling(3, OSLO),
        end("completed", FIRST, ZURICH, SECOND, OSLO),
    ],
    "refusing": [*START, *speaking(0, NO, "refusal"), end("completed", NO)],
    "reaching the limit": [
        *START,
        *speaking(0, HELLO),
        end("incomplete", HELLO, incomplete_details={"reason": "max_output_tokens"}),
    ],
}
