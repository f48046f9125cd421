from registry.models.canary import EncryptionCanary
from registry.models.connection import Connection
from registry.models.default import DefaultModel
from registry.models.endpoint import AllowedEndpoint
from registry.models.llm_model import CAPABILITIES, PRICES, LLMModel
from registry.models.token import APIToken
from registry.models.usage import UsageRecord

__all__ = [
    "CAPABILITIES",
    "PRICES",
    "APIToken",
    "AllowedEndpoint",
    "Connection",
    "DefaultModel",
    "EncryptionCanary",
    "LLMModel",
    "UsageRecord",
]
