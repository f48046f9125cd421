"""Talk to language models of many providers through one client. Knows neither users nor a database.

client = UnifiedLLMClient(ModelConfig(provider="openai", model="gpt-4o-mini", api_key=Secret("...")))
reply = client.chat([user("Hello")])
"""

from llm.addresses import AddressPolicy, Origin
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
from llm.history import Dropped, History, fit_history
from llm.probes import PROBE_TIMEOUTS, ProbeStep, probe
from llm.reply import Reply, ReplyBuilder
from llm.retry import NO_RETRY, Retry
from llm.secret import Secret
from llm.tools import Tool, tool
from llm.tools.builtin import BUILTIN_TOOLS
from llm.transport import Timeouts, Transport, transport_for
from llm.types import (
    ChatRequest,
    Event,
    Finish,
    FinishReason,
    HttpRequest,
    Image,
    Message,
    ModelConfig,
    Part,
    Reasoning,
    ReasoningDelta,
    Role,
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

__all__ = [
    "BUILTIN_TOOLS",
    "NO_RETRY",
    "PROBE_TIMEOUTS",
    "AddressPolicy",
    "BadCredentials",
    "BadRequest",
    "Blocked",
    "Cancellation",
    "Cancelled",
    "ChatRequest",
    "ContentFiltered",
    "ContextTooLong",
    "Dropped",
    "Event",
    "Finish",
    "FinishReason",
    "History",
    "HttpRequest",
    "Image",
    "LLMError",
    "Message",
    "ModelConfig",
    "ModelNotFound",
    "NotAnAPI",
    "Origin",
    "Overloaded",
    "Part",
    "ProbeStep",
    "ProviderError",
    "QuotaExceeded",
    "RateLimited",
    "Reasoning",
    "ReasoningDelta",
    "Reply",
    "ReplyBuilder",
    "Retry",
    "Role",
    "RoundEnd",
    "Secret",
    "Text",
    "TextDelta",
    "TimedOut",
    "Timeouts",
    "Tool",
    "ToolCall",
    "ToolResult",
    "ToolSpec",
    "Transport",
    "Truncated",
    "UnifiedLLMClient",
    "UnknownProvider",
    "Unreachable",
    "Untrusted",
    "Usage",
    "assistant",
    "estimate_usage",
    "fit_history",
    "is_retryable",
    "probe",
    "system",
    "tool",
    "transport_for",
    "user",
]
