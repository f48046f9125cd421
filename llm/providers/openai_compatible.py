"""Any other server that speaks chat completions: llama.cpp, LM Studio, SGLang, Groq, Mistral, DeepSeek, OpenRouter."""

from llm.providers._hosts import HOSTS
from llm.providers._openai_chat import OpenAIChat

provider = OpenAIChat(label="OpenAI-compatible", icon="plug", inline_thinking=True, hosts=HOSTS)
