"""CPU time of one call that is not streamed, from the caller's words to the reply."""

import sys

from benchmarks.loopback import Loopback
from benchmarks.rounds import BARE, OTHERS, OURS, installed, interleaved, missed, workers

MOST = 1.3


def main() -> None:
    print(
        "chat() against a loopback server, CPU per call (a JSON request, a JSON answer of 20 tokens, a kept connection)"
    )
    with Loopback() as url, workers([BARE, OURS, *installed(OTHERS)], url) as (bare, ours, *others):
        columns = [
            (f"{bare.peer.name}, trust_env=False", bare, "call"),
            (f"{bare.peer.name}", bare, "call_as_it_comes"),
        ]
        columns += [(ours.peer.name, ours, "call"), (f"{ours.peer.name}, streamed answer", ours, "call_streamed")]
        columns += [(worker.peer.name, worker, "call") for worker in others]
        series = interleaved(columns)
    lean, _, own, *_ = series
    for one in series:
        print(f"  {one.name:40}{one.median * 1e6:10,.0f} µs{one.times(lean):10.2f} times the first")
    sys.exit(missed("our call costs", own.times(lean), "times bare requests", at_most=MOST))


if __name__ == "__main__":
    main()
