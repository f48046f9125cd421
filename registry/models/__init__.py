from registry.models.connection import Connection
from registry.models.default import DefaultModel
from registry.models.endpoint import AllowedEndpoint
from registry.models.llm_model import CAPABILITIES, LLMModel
from registry.models.usage import UsageRecord

__all__ = ["CAPABILITIES", "AllowedEndpoint", "Connection", "DefaultModel", "LLMModel", "UsageRecord"]
