"""What the client costs, measured beside others in the same run. README.md says how to read it."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
EVENTS = 1000
"""Tokens of a streamed answer."""
