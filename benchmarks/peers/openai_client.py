"""The official client of OpenAI."""

import sys

from openai import OpenAI
from work import work

MESSAGES = [{"role": "user", "content": "Hello"}]

client = OpenAI(api_key="sk-benchmark", base_url=f"{sys.argv[1]}/v1", max_retries=0)


def call() -> int:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert answer.choices[0].message.content
    return 1


def stream() -> int:
    chunks = client.chat.completions.create(
        model="gpt-4o-mini", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    return sum(1 for chunk in chunks if chunk.choices and chunk.choices[0].delta.content)


work(call=call, stream=stream)
