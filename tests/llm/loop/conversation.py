"""What the tests of rounds say to the scripted provider, and what they read in its answers."""

from llm import AddressPolicy, ModelConfig, Retry, Secret, TextDelta, ToolResult, Transport, UnifiedLLMClient

SOON = 10
FORMATS = ["openai", "anthropic"]
OSLO = '{"city": "Oslo"}'


def client_of(server, wire, **config):
    config = ModelConfig(provider=wire, model="m", base_url=server.url, api_key=Secret("k"), **config)
    at_once = Retry(uniform=lambda _low, _high: 0)
    return UnifiedLLMClient(config, transport=Transport(AddressPolicy.granting([server.url])), retry=at_once)


def kinds(events):
    return [type(event) for event in events]


def results_in(events):
    return [event for event in events if isinstance(event, ToolResult)]


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def results_sent(body):
    """Contents of the tool results in a request, whichever format it has."""
    if body["messages"][-1]["role"] == "tool":
        return [message["content"] for message in body["messages"] if message["role"] == "tool"]
    return [block["content"] for block in body["messages"][-1]["content"]]


def tool_choice_of(body):
    choice = body.get("tool_choice")
    return choice.get("type") if isinstance(choice, dict) else choice
