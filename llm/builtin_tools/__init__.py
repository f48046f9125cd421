"""Tools for what models are bad at: the time of day, arithmetic, and units. None of them reaches outside."""

from llm.builtin_tools.calculator import calculate
from llm.builtin_tools.clock import current_time
from llm.builtin_tools.converter import convert_unit
from llm.tools import Tool

BUILTIN_TOOLS: tuple[Tool, ...] = (current_time, calculate, convert_unit)
