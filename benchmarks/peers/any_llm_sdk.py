"""any-llm with an instance that is kept, which its documentation recommends."""

import sys

from any_llm import AnyLLM
from work import work

MESSAGES = [{"role": "user", "content": "Hello"}]

client = AnyLLM.create("openai", api_key="sk-benchmark", api_base=f"{sys.argv[1]}/v1")


def call() -> int:
    answer = client.completion(model="gpt-4o-mini", messages=MESSAGES)
    assert answer.choices[0].message.content
    return 1


def stream() -> int:
    chunks = client.completion(
        model="gpt-4o-mini", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    return sum(1 for chunk in chunks if chunk.choices and chunk.choices[0].delta.content)


work(call=call, stream=stream)
