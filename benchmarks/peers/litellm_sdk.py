"""LiteLLM's SDK."""

import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or importing it asks the internet for prices

import litellm
from work import work

MESSAGES = [{"role": "user", "content": "Hello"}]
WHERE = {"api_base": f"{sys.argv[1]}/v1", "api_key": "sk-benchmark", "num_retries": 0}


def call() -> int:
    answer = litellm.completion("openai/gpt-4o-mini", MESSAGES, **WHERE)
    assert answer.choices[0].message.content
    return 1


def stream() -> int:
    chunks = litellm.completion(
        "openai/gpt-4o-mini", MESSAGES, stream=True, stream_options={"include_usage": True}, **WHERE
    )
    return sum(1 for chunk in chunks if chunk.choices and chunk.choices[0].delta.content)


work(call=call, stream=stream)
