"""The tools that come with the package."""

import subprocess
import sys

from llm import BUILTIN_TOOLS


def test_they_are_offered():
    assert [each.name for each in BUILTIN_TOOLS] == ["current_time", "calculate", "convert_unit"]
    for each in BUILTIN_TOOLS:
        assert each.spec.description
        assert all("description" in schema for schema in each.spec.parameters["properties"].values())


def test_jsonschema_is_imported_only_when_a_tool_runs():
    script = (
        "import llm, sys; assert 'jsonschema' not in sys.modules; "
        "llm.BUILTIN_TOOLS[0].run(llm.ToolCall('', '', '')); assert 'jsonschema' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
