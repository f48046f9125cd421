import pytest

from tests.llm.hangs import full_backlog


@pytest.fixture
def no_room():
    with full_backlog() as port:
        yield f"http://127.0.0.1:{port}"
