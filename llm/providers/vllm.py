"""vLLM's own server. It takes both names for the token limit and logs what it does not know instead of refusing it."""

from llm.providers._openai_chat import OpenAIChat

provider = OpenAIChat(
    label="vLLM", icon="zap", base_url="http://localhost:8000/v1", url_env="VLLM_BASE_URL", inline_thinking=True
)
