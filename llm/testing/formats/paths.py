"""What the vendors' own clients ask for, word for word. Data without code: the one place here that names vendors."""

CHAT_COMPLETIONS = ("/v1/chat/completions", "/chat/completions")
RESPONSES = ("/v1/responses",)
MESSAGES = ("/v1/messages",)
NDJSON_CHAT = ("/api/chat",)

# A resource with deployments has two styles: one is dated by `?api-version=`, the other has its version in the path.
DATED_CHAT_COMPLETIONS = r"/openai/deployments/(?P<model>[^/]+)/chat/completions"
DATED_RESPONSES = "/openai/responses"
DEPLOYED_CHAT_COMPLETIONS = "/openai/v1/chat/completions"
DEPLOYED_RESPONSES = "/openai/v1/responses"
DEPLOYMENTS = "/openai/"

# The name of a model may hold a slash.
MODEL_LISTS = r"/(?:v1/)?models"
MODEL = r"/(?:v1/)?models/(?P<model>.+)"
DATED_MODEL_LIST = "/openai/models"
DATED_MODEL = r"/openai/models/(?P<model>.+)"
DEPLOYED_MODEL_LIST = "/openai/v1/models"
DEPLOYED_MODEL = r"/openai/v1/models/(?P<model>.+)"

MESSAGES_VERSION = "anthropic-version"
NDJSON_GREETING = "Ollama is running"
