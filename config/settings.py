"""All settings, from the environment, then `.env`, then key files in DATA_DIR. `.env.example` lists every variable."""

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / env.str("ENV_FILE", ".env"))

DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).expanduser().resolve()


def secret_from_env_or_file(name: str) -> str:
    """The value of a variable, or of the file in DATA_DIR that the quick start wrote; "" if there is neither."""
    value: str = env.str(name, "")
    file = DATA_DIR / name.lower()
    return value or (file.read_text().strip() if file.is_file() else "")


SECRET_KEY = secret_from_env_or_file("SECRET_KEY")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        f"SECRET_KEY is not set and {DATA_DIR / 'secret_key'} does not exist. "
        "Run `make run` for a first start, or set SECRET_KEY to 50 or more random characters."
    )
ENCRYPTION_KEY = secret_from_env_or_file("ENCRYPTION_KEY")
ENCRYPTION_KEYS_OLD = [key.strip() for key in env.list("ENCRYPTION_KEYS_OLD", default=[]) if key.strip()]

DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# Origins such as http://10.0.0.5:8000 that models may be reached at although they are private.
ALLOWED_ENDPOINTS = env.list("ALLOWED_ENDPOINTS", default=[])

# The legacy configuration: with LLM_PROVIDER set, the site answers without a single row in the registry.
LLM_PROVIDER = env.str("LLM_PROVIDER", "")
LLM_MODEL = env.str("LLM_MODEL", "")
LLM_BASE_URL = env.str("LLM_BASE_URL", "")

MAX_RUNNING_TURNS = env.int("MAX_RUNNING_TURNS", 256)
MAX_TURNS_PER_USER = env.int("MAX_TURNS_PER_USER", 4)

INSTALLED_APPS = [
    "config",
    "chat",
    "registry",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.caching.NoCopiesOfTheAPI",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASE_URL = env.str("DATABASE_URL", "") or f"sqlite:///{DATA_DIR / 'db.sqlite3'}"
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a transaction that will write waits for the lock at its start instead of failing in its middle.
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}},
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "chat"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.staticfiles.HashedFilesStorage"},
}

# A site whose pages are named with https is never meant to send a cookie without it.
BEHIND_TLS = bool(CSRF_TRUSTED_ORIGINS) and all(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 7 * 24 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# The chat pages add Trusted Types to this (chat.csp); the admin's select2 writes innerHTML, so it cannot have them.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

REST_FRAMEWORK = {
    # The first of them is what a 401 asks for.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "registry.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "registry.api.parsing.Negotiation",
    "DEFAULT_PARSER_CLASSES": ["registry.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "registry.api.pages.ApiPage",
    ],
    "DEFAULT_FILTER_BACKENDS": ["registry.api.filters.StrictFilters"],
    "DEFAULT_PAGINATION_CLASS": "registry.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "VIEW_NAME_FUNCTION": "registry.api.pages.view_name",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.ScopedRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": "60/min",
        "user": "600/min",
        "connection-test": "10/min",
        "chat": "60/min",
    },
    # Without a number of proxies a client could name any address as its own and get a new allowance for each.
    "NUM_PROXIES": env.int("NUM_PROXIES", 0),
    "EXCEPTION_HANDLER": "registry.api.errors.error_response",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
KNOX_TOKEN_MODEL = "registry.APIToken"  # noqa: S105  the name of a class
# Knox's migrations would make a table for the model of its own, which this one replaces.
MIGRATION_MODULES = {"knox": None}
# The prefix lets scanners of repositories and logs recognise a token.
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "TOKEN_PREFIX": "dmr_"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Dynamic Model Registry",
    "DESCRIPTION": "Models of many providers, with their keys encrypted at rest. Everybody sees the models that are "
    "everybody's, and their own. Paths work with and without a slash at the end. Every refusal has the same shape, "
    '`{"error": {"code", "message"}}`, and its message says what to do.\n\n'
    "This document is YAML; `Accept: application/json` makes it JSON.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": None,
    "COMPONENT_SPLIT_REQUEST": True,
    # Some fields are there for those who may edit only.
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "SCHEMA_PATH_PREFIX": "/api",
    "TAGS": [
        {"name": "chat", "description": "Ask a model."},
        {"name": "conversations", "description": "Your chats: their messages, and answers while they are written."},
        {"name": "models", "description": "The language models that there are for you."},
        {"name": "connections", "description": "Where your models are reached, and with which key."},
        {"name": "tokens", "description": "What a program signs in with."},
    ],
    "ENUM_NAME_OVERRIDES": {
        "Provider": "registry.providers.provider_choices",
        "TurnStatus": "chat.models.Status",
        "StepStatus": ["passed", "failed", "skipped"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "registry.api.schema.with_errors",
        "registry.api.schema.without_trailing_slashes",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "config.logs.RedactKeys"}},
    "formatters": {"json": {"()": "config.logs.JSONLines"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "filters": ["redact"], "formatter": "json"},
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "WARNING")},
    # Django's own default would print a second copy to its console handler.
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # A page that was not found is the visitor's affair.
        "django.request": {"level": "ERROR"},
        # At DEBUG they tell values: of SQL, and of whatever a template was given.
        "django.db.backends": {"level": "INFO"},
        "django.template": {"level": "INFO"},
    },
}
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_reports.PlacesAlone"
