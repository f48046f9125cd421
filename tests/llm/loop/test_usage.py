"""Usage of one answer that took several calls."""

from llm import Finish, RoundEnd, estimate_usage, user
from llm.loop import MAX_ROUNDS
from tests.llm.loop.conversation import OSLO


def test_usage_is_summed_over_rounds(client, weather):
    events = list(client.stream([user(f"[[tool=get_weather {OSLO}]]")], tools=[weather.tool]))
    [first] = [event.usage for event in events if isinstance(event, RoundEnd)]
    total = events[-1].usage
    assert total.input_tokens > 2 * first.input_tokens  # the second round reads the first one too
    assert total.output_tokens > first.output_tokens
    assert not total.estimated


def test_usage_that_nobody_reported_is_estimated_and_says_so(client, weather):
    events = list(client.stream([user(f"[[no_usage]][[tool=get_weather {OSLO}]]")], tools=[weather.tool]))
    first, total = (event.usage for event in events if isinstance(event, RoundEnd | Finish))
    assert first.estimated
    assert total.estimated
    assert total.input_tokens > first.input_tokens > 0


def test_each_round_tells_its_own_usage(client, weather):
    prompt = f"[[always]][[tokens=5]][[tool=get_weather {OSLO}]]"
    events = list(client.stream([user(prompt)], tools=[weather.tool]))
    counts = [event.usage.output_tokens for event in events if isinstance(event, RoundEnd | Finish)]
    assert counts == [5] * (MAX_ROUNDS - 1) + [5 * MAX_ROUNDS]


def test_a_round_without_usage_among_others_is_estimated(client, weather, monkeypatch):
    parse, prompt = type(client.provider).parse, user(f"[[tool=get_weather {OSLO}]]")
    events = client.stream([prompt], tools=[weather.tool])
    end, finish = (event for event in events if isinstance(event, RoundEnd | Finish))

    def reports_the_last(self, chunks):
        for event in parse(self, chunks):
            yield Finish("tool_calls") if getattr(event, "reason", "") == "tool_calls" else event

    monkeypatch.setattr(type(client.provider), "parse", reports_the_last)
    usage = client.chat([prompt], tools=[weather.tool]).usage
    guess = estimate_usage([prompt], answered=len(f"get_weather{OSLO}"))
    assert usage.estimated
    assert usage.input_tokens == finish.usage.input_tokens - end.usage.input_tokens + guess.input_tokens
    assert usage.output_tokens == finish.usage.output_tokens - end.usage.output_tokens + guess.output_tokens
