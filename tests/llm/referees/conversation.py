"""What every referee asks."""

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "The weather in a city.", "parameters": PARAMETERS}
TOOL = {"type": "function", "function": WEATHER}
ASK_FOR_TOOL = '[[tool=weather {"city": "Zürich"}]]'


def user(text):
    return {"role": "user", "content": text}
