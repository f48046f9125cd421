"""What the longest hostile answers cost the process that reads them: `python -m benchmarks.hostile_streams`.

Peak memory above that of a process that has read a small answer, each answer in a process of its own. The test suite
holds the same answers, cut at 6.5 MB, under 5 MB.
"""

import time

from tests.llm.floods import CLOSE_DELIMITED, FLOODS, Flood, costs_of, delta

UNTIL_THE_CLIENT_LEAVES = 10**9
# Over the limit: a list takes 56 bytes where JSON takes three. A line has at most 1 MiB, and one is held at a time.
ONE_LINE_OF_LISTS = {"one line of 300,000 lists": Flood(CLOSE_DELIMITED + delta(content=[[]] * 300_000))}


def main() -> None:
    print(f"{'answer':34} {'peak, MB':>9} {'seconds':>8}  ended with")
    for name, flood in (FLOODS | ONE_LINE_OF_LISTS).items():
        began = time.monotonic()
        [cost] = costs_of([flood], UNTIL_THE_CLIENT_LEAVES)
        print(f"{name:34} {cost['peak'] / 1e6:9.2f} {time.monotonic() - began:8.1f}  {cost['error']}")


if __name__ == "__main__":
    main()
