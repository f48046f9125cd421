"""Damaged answers by the hundred thousand: `python -m benchmarks.fuzz_streams [200000] [--seed 1]`.

Prints how the answers of each provider ended. The first broken promise ends the run and names its case.
"""

import argparse
import os
import time
from collections import Counter
from multiprocessing import Pool

from tests.llm import fuzz

BLOCK = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=int, nargs="?", default=200_000)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the time, unless a run is to be repeated")
    options = parser.parse_args()
    first = options.seed * 1_000_000_000
    blocks = [range(at, min(at + BLOCK, first + options.cases)) for at in range(first, first + options.cases, BLOCK)]
    began = time.monotonic()
    outcomes: Counter[tuple[str, str]] = Counter()
    with Pool(os.cpu_count()) as pool:
        for counted in pool.imap_unordered(fuzz.tally, blocks):
            outcomes += counted
    report(outcomes, options.seed, time.monotonic() - began)


def report(outcomes: Counter[tuple[str, str]], seed: int, seconds: float) -> None:
    print(f"{outcomes.total():,} damaged answers in {seconds:.0f} s, seed {seed}: no promise broken")
    for name in sorted({name for name, _ in outcomes}):
        ends = {end: many for (provider, end), many in outcomes.most_common() if provider == name}
        print(f"{name:20} {sum(ends.values()):8,}  {', '.join(f'{end} {many:,}' for end, many in ends.items())}")


if __name__ == "__main__":
    main()
