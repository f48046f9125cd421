"""What a model may think and what it may say count together, and no model writes more than it can."""

import json

import pytest

from llm.providers import PROVIDERS
from llm.types import ChatRequest, ModelConfig, user


@pytest.mark.parametrize(
    ("model", "limit", "budget", "most"),
    [
        ("claude-haiku-4-5", 64_000, 1024, 64_000),
        ("claude-haiku-4-5", 60_000, 4000, 64_000),
        ("claude-haiku-4-5", 63_500, 1024, 64_000),
        ("claude-haiku-4-5", 1000, 16_384, 17_384),
        ("claude-sonnet-4-20250514", 64_000, 1024, 64_000),
        ("claude-3-7-sonnet-20250219", 50_000, 14_000, 64_000),
        ("claude-opus-4-20250514", 30_000, 2000, 32_000),
        ("claude-opus-4-1", 32_000, 1024, 32_000),
        ("claude-opus-4-5", 32_000, 16_384, 48_384),
        # More than the model writes is for the vendor to refuse.
        ("claude-haiku-4-5", 70_000, 1024, 70_000),
    ],
)
def test_a_budget_shrinks_where_the_model_writes_no_more(model, limit, budget, most):
    config = ModelConfig(provider="anthropic", model=model)
    params = {"max_tokens": limit, "reasoning_effort": "high"}
    body = json.loads(PROVIDERS["anthropic"].build(config, ChatRequest(messages=(user("Hi"),), params=params)).body)
    assert (body["thinking"]["budget_tokens"], body["max_tokens"]) == (budget, most)
