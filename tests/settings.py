"""The project's settings with a throw-away data folder and no influence from the developer's own environment."""

import os
import tempfile

DATA_DIR = tempfile.mkdtemp(prefix="registry-tests-")
LEGACY = [
    "LLM_PROVIDER",
    "LLM_MODEL",
    "LLM_BASE_URL",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "OLLAMA_BASE_URL",
    "VLLM_BASE_URL",
]
for name in [
    *LEGACY,
    "HF_TOKEN",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_OPENAI_API_VERSION",
    "OLLAMA_API_KEY",
    "REDIS_URL",
    "DATABASE_URL",
    "ALLOWED_ENDPOINTS",
]:
    os.environ.pop(name, None)
os.environ |= {
    "DATA_DIR": DATA_DIR,
    "ENV_FILE": "tests/no.env",
    "SECRET_KEY": "only-for-tests-" + "x" * 40,
    "ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}
if url := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = url

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, REST_FRAMEWORK  # noqa: E402

# Tests with threads need a file: an in-memory SQLite is locked whole.
DATABASES["default"]["TEST"] = {"NAME": f"{DATA_DIR}/test.sqlite3"} if not os.environ.get("TEST_DATABASE_URL") else {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SERVESTATIC_USE_FINDERS = True
# One machine asks for all; what limits do is tested with limits of its own.
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "1000000/s")
