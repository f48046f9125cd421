"""Every provider, found by its file. The file's name is the key that the database stores."""

from importlib import import_module
from pkgutil import iter_modules

from llm.providers._base import Provider

PROVIDERS: dict[str, Provider] = {
    module.name: import_module(f"{__name__}.{module.name}").provider
    for module in sorted(iter_modules(__path__), key=lambda module: module.name)
    if not module.name.startswith("_")
}
