from pathlib import Path

import llm
import llm.errors
import llm.types


def test_llm_is_ours_and_not_the_package_of_that_name():
    assert Path(llm.__file__).parent == Path(__file__).parents[2] / "llm"


def test_all_is_exact():
    public = {name for name, value in vars(llm).items() if not name.startswith("_") and not hasattr(value, "__path__")}
    modules = {name for name in public if getattr(getattr(llm, name), "__spec__", None)}
    assert public - modules == set(llm.__all__)


def test_every_error_is_exported():
    errors = {name for name, value in vars(llm.errors).items() if isinstance(value, type)}
    assert errors <= set(llm.__all__)
