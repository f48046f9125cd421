"""Time and CPU time of `import llm`, each in a new interpreter."""

import os
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks import ROOT
from benchmarks.rounds import OTHERS, installed, missed

ROUNDS = 21
FEWER_ROUNDS = 3  # for peers that take seconds
MOST = 0.150
# LiteLLM asks the internet for prices when it is imported, unless told not to.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
MODULES = {"openai client": "openai", "any-llm": "any_llm", "LiteLLM SDK": "litellm"}


def seconds(python: Path, module: str) -> tuple[float, float]:
    """Wall and CPU seconds of an interpreter that imports `module`."""
    started = time.perf_counter()
    process = os.posix_spawn(python, [str(python), "-c", f"import {module}"], ENVIRONMENT)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{python} cannot import {module}.")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


def medians(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    return median(wall for wall, _ in rounds), median(cpu for _, cpu in rounds)


def main() -> None:
    print("import, in a new interpreter each time")
    own = Path(sys.executable)
    pairs = [(seconds(own, "requests"), seconds(own, "llm")) for _ in range(ROUNDS + 1)][1:]  # the first one compiles
    rows = {"requests": medians([bare for bare, _ in pairs]), "llm": medians([ours for _, ours in pairs])}
    for peer in installed(OTHERS):
        rows[peer.name] = medians([seconds(peer.python, MODULES[peer.name]) for _ in range(FEWER_ROUNDS + 1)][1:])
    for name, (wall, cpu) in rows.items():
        print(f"  {name:40}{wall * 1e3:10,.0f} ms{cpu * 1e3:10,.0f} ms CPU")
    wall = median(ours[0] - bare[0] for bare, ours in pairs)
    cpu = median(ours[1] - bare[1] for bare, ours in pairs)
    broken = [
        missed("import llm takes", wall * 1e3, "ms more than import requests", at_most=MOST * 1e3),
        missed("import llm takes", cpu * 1e3, "ms more CPU than import requests", at_most=MOST * 1e3),
    ]
    sys.exit(any(broken))


if __name__ == "__main__":
    main()
