"""The smallest value that satisfies a JSON schema, as far as a schema for a model's answer goes."""

from llm.types import JSON

_VALUES: dict[str, JSON] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}


def sample_of(schema: JSON, text: str) -> JSON:
    """`text` stands for every string. Without a type, as under JSON mode, an object that holds it."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [sample_of(schema.get("items", {"type": "string"}), text)]
    return _object(schema, text) if kind == "object" else _VALUES.get(kind, text)


def _object(schema: JSON, text: str) -> JSON:
    members = schema.get("properties", {"text": {"type": "string"}})
    return {name: sample_of(member, text) for name, member in members.items()}
