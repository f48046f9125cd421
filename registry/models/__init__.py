from registry.models.canary import EncryptionCanary
from registry.models.connection import Connection
from registry.models.default import DefaultModel
from registry.models.llm_model import CAPABILITIES, LLMModel
from registry.models.usage import UsageRecord

__all__ = ["CAPABILITIES", "Connection", "DefaultModel", "EncryptionCanary", "LLMModel", "UsageRecord"]
