"""The threads in which tools run."""

import subprocess
import sys

import pytest

from llm import Cancellation, Cancelled, ToolCall, tool
from llm.tools.threads import run_calls


def test_a_tool_that_never_ends_does_not_keep_the_process():
    script = (
        "import threading, llm; from llm.tools.threads import run_calls; "
        "hang = llm.tool(name='hang', timeout=0.01)(lambda: threading.Event().wait()); "
        "[result] = run_calls([(hang, llm.ToolCall('', 'hang', ''))], llm.Cancellation()); assert result.is_error"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def test_once_cancelled_nothing_starts():
    cancellation, started = Cancellation(), []
    cancellation.cancel()
    note = tool(name="note")(lambda: started.append(1))
    with pytest.raises(Cancelled):
        run_calls([(note, ToolCall("1", "note", ""))], cancellation)
    assert started == []
