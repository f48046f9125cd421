"""Why a model of the registry cannot be used. Each message is safe to show and says what to do."""

from llm.errors import LLMError


class CredentialUnreadable(LLMError):
    code = "credential_unreadable"
    default_message = "The stored key of this connection cannot be read. Edit the connection and re-enter the key."


# What is stored sealed -> what to say when it cannot be opened.
UNREADABLE = {
    "api_key": CredentialUnreadable.default_message,
    "headers": "The stored headers of this connection cannot be read. Edit the connection and re-enter or remove them.",
}


class UnusableSettings(LLMError):
    code = "unusable_settings"
    default_message = "The settings of this model or its connection cannot be used. Edit them, or pick another model."


class NoModel(LLMError):
    code = "no_model"
    default_message = "No model is set up yet. Add one, or ask an administrator to choose a default."


class ModelUnavailable(LLMError):
    """The same words for a model that does not exist and for one that belongs to somebody else."""

    code = "model_unavailable"
    default_message = "This model does not exist or is not available to you. Pick another one."
