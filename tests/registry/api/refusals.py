"""What every refusal of the API looks like."""

from typing import Any

STATUSES = {400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 429}


def refused(response: Any) -> dict[str, Any]:
    """The error of an answer, once it is sure that it is one."""
    assert response.status_code in STATUSES, (response.status_code, response.content[:1000])
    assert response.headers["Content-Type"] == "application/json"
    return error_in(response.json())


def error_in(document: Any) -> dict[str, Any]:
    """In the shape that all have, with a sentence."""
    assert set(document) == {"error"}
    error = document["error"]
    assert {"code", "message"} <= set(error) <= {"code", "message", "details"}
    assert error["message"].endswith("."), error
    return error
