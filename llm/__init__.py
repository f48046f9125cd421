"""Talk to language models of many providers through one client. Knows neither users nor a database.

client = UnifiedLLMClient(ModelConfig(provider="openai", model="gpt-4o-mini", api_key=Secret("...")))
reply = client.chat([user("Hello")])
"""

import logging

from llm.addresses import AddressPolicy
from llm.cancellation import Cancellation
from llm.client import UnifiedLLMClient
from llm.errors import (
    BadCredentials,
    BadRequest,
    Blocked,
    Cancelled,
    ContentFiltered,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    NotAnAPI,
    Overloaded,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    TimedOut,
    Truncated,
    UnknownProvider,
    Unreachable,
    Untrusted,
    is_retryable,
)
from llm.estimate import estimate_usage
from llm.history import Dropped, History
from llm.probes import PROBE_TIMEOUTS, ProbeStep, probe
from llm.provider_calls import ProviderCall
from llm.reply import Reply, ReplyBuilder
from llm.retry import NO_RETRY, Retry
from llm.secret import Secret
from llm.tools import Tool, tool
from llm.tools.builtin import BUILTIN_TOOLS
from llm.transport import Timeouts, Transport, transport_for
from llm.types import (
    Event,
    Finish,
    Image,
    Message,
    ModelConfig,
    Part,
    Reasoning,
    ReasoningDelta,
    RoundEnd,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    assistant,
    system,
    user,
)

# Asking a model.
# As a library does: whoever configures logging sees it, and a command line says things once.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = ["NO_RETRY", "Cancellation", "ModelConfig", "Retry", "Secret", "UnifiedLLMClient"]
# What is said.
__all__ += [
    "Dropped",
    "History",
    "Image",
    "Message",
    "Part",
    "Reasoning",
    "Text",
    "ToolCall",
    "ToolResult",
    "assistant",
    "system",
    "user",
]
# What is answered.
__all__ += [
    "Event",
    "Finish",
    "ProviderCall",
    "ReasoningDelta",
    "Reply",
    "ReplyBuilder",
    "RoundEnd",
    "TextDelta",
    "Usage",
    "estimate_usage",
]
# Tools.
__all__ += ["BUILTIN_TOOLS", "Tool", "ToolSpec", "tool"]
# Reaching a provider.
__all__ += ["AddressPolicy", "Timeouts", "Transport", "transport_for"]
# Connection tests.
__all__ += ["PROBE_TIMEOUTS", "ProbeStep", "probe"]
# Errors.
__all__ += [
    "BadCredentials",
    "BadRequest",
    "Blocked",
    "Cancelled",
    "ContentFiltered",
    "ContextTooLong",
    "LLMError",
    "ModelNotFound",
    "NotAnAPI",
    "Overloaded",
    "ProviderError",
    "QuotaExceeded",
    "RateLimited",
    "TimedOut",
    "Truncated",
    "UnknownProvider",
    "Unreachable",
    "Untrusted",
    "is_retryable",
]
