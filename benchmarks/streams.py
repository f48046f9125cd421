"""CPU time of one event of a streamed answer, over real TCP."""

import sys
from collections.abc import Iterable

from benchmarks import EVENTS
from benchmarks.loopback import Loopback
from benchmarks.rounds import BARE, OTHERS, OURS, Series, installed, interleaved, missed, workers

LEAST = {"openai client": 8, "LiteLLM SDK": 40}


def main() -> None:
    print(f"stream() over loopback TCP, a token an event and a chunk, {EVENTS:,} events a call")
    with Loopback() as url, workers([OURS, BARE, *installed(OTHERS)], url) as (ours, *others):
        for worker in (ours, *others):
            found = {units for action, units in worker.actions.items() if action.startswith("stream")}
            assert found == {EVENTS}, f"{worker.peer.name} found {found} events"
        columns = [("UnifiedLLMClient", ours, "stream")]
        columns += [(worker.peer.name, worker, "stream") for worker in others]
        columns += [(f"ours, {name.removeprefix('stream_')} format", ours, name) for name in formats(ours.actions)]
        own, *rest = interleaved(columns)
    for one in (own, *rest):
        print(f"  {one.name:40}{1 / one.median:10,.0f} events a CPU second{one.times(own):10.2f} times our cost")
    sys.exit(sum(judged(one, own) for one in rest if one.name in LEAST) > 0)


def formats(actions: Iterable[str]) -> list[str]:
    return [name for name in actions if name.startswith("stream_")]


def judged(peer: Series, own: Series) -> bool:
    return missed(f"{peer.name} costs", peer.times(own), "times ours", at_least=LEAST[peer.name])


if __name__ == "__main__":
    main()
