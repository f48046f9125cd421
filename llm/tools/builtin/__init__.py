"""Tools for what models are bad at: the time of day, arithmetic, and units. None of them reaches outside."""

from llm.tools import Tool
from llm.tools.builtin.calculator import calculate
from llm.tools.builtin.clock import current_time
from llm.tools.builtin.converter import convert_unit

BUILTIN_TOOLS: tuple[Tool, ...] = (current_time, calculate, convert_unit)
