"""The side of a measurement that is measured: works when told to, and says how much it did and what that cost."""

import json
import sys
import time
from collections.abc import Callable

ATTEMPT = 0.25
"""CPU seconds. Long enough that the clock's ticks and a garbage collection do not show."""


def work(**actions: Callable[[], int]) -> None:
    """Does each action once, then those whose names are read, one a line. An action answers how many units it did."""
    print(json.dumps({name: action() for name, action in actions.items()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(measured(actions[line.strip()])), flush=True)


def measured(action: Callable[[], int]) -> dict[str, float]:
    units, started = 0, time.process_time()
    while (seconds := time.process_time() - started) < ATTEMPT:
        units += action()
    return {"units": units, "seconds": seconds}
