"""The connection test against the real local model: llama.cpp's server, which speaks two of the formats."""

import pytest

from config import local_model
from llm import AddressPolicy, ModelConfig, Transport, probe


def steps_of(server, **fields):
    config = ModelConfig(base_url=server, **{"model": local_model.MODEL_ID, "tools": False} | fields)
    return {step.name: step for step in probe(config, transport=Transport(AddressPolicy.granting([server])))}


@pytest.mark.local_model
@pytest.mark.parametrize("provider", ["openai_compatible", "anthropic"])
def test_the_local_model_passes_all_that_it_can(local_server, provider):
    steps = steps_of(local_server, provider=provider)
    assert {name for name, step in steps.items() if step.status == "passed"} == {
        "address",
        "reachable",
        "model",
        "chat",
        "stream",
    }
    assert {name for name, step in steps.items() if step.status == "skipped"} == {"key", "tools", "vision"}
    assert "token counts" not in steps["stream"].detail


@pytest.mark.local_model
@pytest.mark.parametrize("provider", ["openai_compatible", "anthropic"])
def test_what_the_local_model_cannot_do_is_found_out(local_server, provider):
    """Its server was built without eyes. (Asked to call a function it talks up to the limit, for 10 s.)"""
    steps = steps_of(local_server, provider=provider, vision=True)
    assert steps["chat"].status == "passed"
    assert steps["vision"].status == "failed"
    assert "Turn off vision" in steps["vision"].remedy


@pytest.mark.local_model
def test_a_model_that_the_local_server_does_not_have_is_not_found(local_server):
    steps = steps_of(local_server, provider="openai_compatible", model="smollm2-135m-instrukt")
    assert steps["model"].status == "failed"
    assert local_model.MODEL_ID in steps["model"].remedy
