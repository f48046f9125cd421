"""The staged test of a connection: `for step in probe(config): ...`."""

from llm.probes.staged import PATIENCE, PROBE_TIMEOUTS, probe
from llm.probes.steps import STEPS, ProbeStep, StepName, StepStatus

__all__ = ["PATIENCE", "PROBE_TIMEOUTS", "STEPS", "ProbeStep", "StepName", "StepStatus", "probe"]
