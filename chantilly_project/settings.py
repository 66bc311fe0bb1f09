"""Django's settings, made from the configuration.

What is annotated below comes from the table in `configuration.py`; whatever else `config.py` in the
instance folder sets replaces what stands here.
"""

import os
from datetime import timedelta
from functools import partial
from pathlib import Path

import django_stubs_ext

from chantilly_project import configuration, databases, openid, ray_checks, redis_parsing
from chantilly_project.configuration import ConfigurationError
from web.rates import Rate

# Lets `ModelAdmin[...]` and its like be written as their type is.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
_configuration = configuration.load(os.environ, BASE_DIR)

INSTANCE_PATH: Path
SECRET_KEY: str
SECRET_KEY_FALLBACKS: list[str]
ALLOWED_HOSTS: list[str]
DEBUG: bool
DATABASE_URL: str
DATABASE_TIMEOUT: float
SQLITE_SYNCHRONOUS: str
REDIS_URL: str
REDIS_HOST: str
REDIS_PORT: int
REDIS_DB: int
HOST: str
PORT: int
WORKERS: int
AUTH_REQUIRED: bool
ALLOW_ANONYMOUS: bool
TRUSTED_ORIGINS: list[str]
BEHIND_HTTPS: bool
HSTS_SECONDS: float
LOG_LEVEL: str
LOG_FORMAT: str
ENGINE: str
RAY_ADDRESS: str
RAY_NAMESPACE: str
ENGINE_PROCESSES: int
SHARD_SECONDS: float
MODEL_MEMORY_BYTES: int
ENGINE_THREADS: int
ENGINE_BATCH_SIZE: int
ENGINE_TURN_SECONDS: float
MODEL_SECONDS: float
HOT_MODELS_MAX: int
HOT_MODELS_MAX_BYTES: int
SNAPSHOT_COST_RATIO: float
SNAPSHOT_MIN_SECONDS: float
SNAPSHOTS_KEPT: int
SNAPSHOTS_URL: str
SNAPSHOTS_SECONDS: float
SNAPSHOTS_GRACE_SECONDS: float
LITESTREAM_REPLICA_URL: str
MAX_BODY_BYTES: int
MAX_MODEL_BYTES: int
MAX_HEAD_BYTES: int
MAX_HEADER_LINES: int
MAX_URL_BYTES: int
HEAD_SECONDS: float
BODY_SECONDS: float
IDLE_SECONDS: float
REST_SECONDS: float
CONNECTIONS_MAX: int
STREAMS_MAX: int
STREAMS_MAX_PER_CLIENT: int
UPLOAD_SECONDS: float
UPLOAD_MEMORY: int
MODEL_UPLOADS: str
UPLOAD_KEYS: dict[str, str]
UPLOAD_SIGNATURES: str
STREAM_BACKLOG: int
STREAM_SEND_SECONDS: float
FEATURES_KEPT: str
METRICS_MAX_MODELS: int
BANDIT_REWARD_SECONDS: float
BANDIT_DEFAULT_REWARD: float
AUDIT_DAYS: int
STATUS_STUCK_SECONDS: float
STATUS_WORSE_BY: float
STATUS_REFUSED_SHARE: float
STATUS_P99_MS: float
STATUS_TRUTHS_SECONDS: float
STATUS_DRIFT_SECONDS: float
STRICT_FEATURES: bool
LOGIN_FAILURES: int
LOGIN_LOCK_SECONDS: float
RATE_LIMITS: dict[str, Rate]
OIDC_ISSUER: str
OIDC_CLIENT_ID: str
OIDC_CLIENT_SECRET: str
OIDC_SCOPES: list[str]
OIDC_GROUPS_CLAIM: str
OIDC_GROUPS: dict[str, str]
ALERT_WEBHOOK_URL: str
ALERT_WEBHOOK_SECRET: str
ALERT_WEBHOOK_ALLOW_PRIVATE: bool
ALERT_QUIET_LEARNS: int
ALERT_HOLD_SECONDS: float
SHUTDOWN_SECONDS: float
globals().update(_configuration.own)
REDIS_URL = redis_parsing.url_of(REDIS_URL, host=REDIS_HOST, port=REDIS_PORT, number=REDIS_DB)
# Under which every process of the instance hashes strings; see `starting`.
HASH_SEED: int | None = _configuration.hash_seed
if ALERT_WEBHOOK_URL and not ALERT_WEBHOOK_SECRET:
    raise ConfigurationError(
        "ALERT_WEBHOOK_URL is set, but ALERT_WEBHOOK_SECRET is not (`echo whsec_$(openssl rand -base64 32)`)."
    )

if ENGINE == "ray":
    ray_checks.refuse_problems(DATABASE_URL, n_shards=ENGINE_PROCESSES, environ=os.environ)

if AUTH_REQUIRED and ALLOW_ANONYMOUS:
    raise ConfigurationError("AUTH_REQUIRED and ALLOW_ANONYMOUS are both on: one of them has to be off.")

if UPLOAD_SIGNATURES == "required" and not UPLOAD_KEYS:
    raise ConfigurationError(
        "UPLOAD_SIGNATURES=required, but UPLOAD_KEYS has no key (`manage.py make_upload_key NAME FILE`)."
    )

INSTALLED_APPS = [
    # First, so that its `runserver` is taken and not daphne's, which it extends.
    "models_app",
    "monitoring",
    "access",
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_eventstream",
    "axes",
]
if openid.is_configured(_configuration.own):
    INSTALLED_APPS = openid.apps(INSTALLED_APPS)
# The dashboard and the admin pass through these; the API's handler takes none of them.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "web.middleware.StaticFilesMiddleware",
    "web.middleware.content_security_policy",
    "chantilly_project.middleware.PassingErrors",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "models_app.admin.acting.PagesActAs",
    "access.middleware.PagesNeedAccess",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "chantilly_project.urls"
ASGI_APPLICATION = "chantilly_project.asgi.application"
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
                "access.context.access",
            ],
        },
    },
]

# By the URL of another one.
DESCRIBE_DATABASE = partial(
    databases.describe, folder=INSTANCE_PATH, timeout=DATABASE_TIMEOUT, synchronous=SQLITE_SYNCHRONOUS
)
DATABASES = {"default": DESCRIBE_DATABASE(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "chantilly_project.caching.ForgivingRedisCache", "LOCATION": REDIS_URL}}

# No step that collects files: whitenoise serves them from where they lie, with validators, and
# browsers ask again after a minute. A clone runs as it is, and an upgrade shows at once.
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Where `make docs` builds the documents.
DOCS_SITE = BASE_DIR / "site"
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = ["chantilly_project.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

CSRF_TRUSTED_ORIGINS = TRUSTED_ORIGINS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The API, `/metrics` and the probes pass through no middleware, and are redirected nowhere: who probes or
# scrapes a server does so beside the proxy, and a client that sent its token in the clear has sent it.
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_HTTPS
if BEHIND_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = int(HSTS_SECONDS)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

AUTHENTICATION_BACKENDS = [
    # First: it refuses who has guessed too often, before a password is looked at.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# By name and address: nobody locks a name for those who come from elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = LOGIN_FAILURES
AXES_COOLOFF_TIME = timedelta(seconds=LOGIN_LOCK_SECONDS)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "access.views.locked_out"
# In the cache, for as long as the lock: guessing writes nothing to the database, and its tables are not made.
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
SILENCED_SYSTEM_CHECKS = [
    # A cache that is one process's: one process serves, or with REDIS_URL the cache is Redis.
    "axes.W001",
    # HSTS for all names below the server's, and for lists in browsers: that is for the domain's owner to say,
    # who may have others there, in `config.py` by Django's settings.
    "security.W005",
    "security.W021",
]
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
MIGRATION_MODULES = {"axes": None}
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"

if OIDC_ISSUER:
    MIDDLEWARE += [openid.MIDDLEWARE]
    globals().update(openid.describe(_configuration.own))

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "models_app.api.exceptions.handle",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Chantilly on Django",
    "DESCRIPTION": "Serves models that learn from one observation at a time. Refusals name their error in "
    "the header `Error-Code`. Beside OpenAPI: `x-itemSchema` is the schema of each line of a text, "
    "`x-events` that of each event's data by the event's name, and `x-websocket` describes the WebSockets "
    "by path.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api",
    "POSTPROCESSING_HOOKS": [
        "monitoring.exposition.described.add",
        # Afterwards: it completes whatever is there.
        "models_app.api.describing.complete",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    # The page's validator badge would send the schema to another host.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}
EVENTSTREAM_CHANNELMANAGER_CLASS = "monitoring.streams.channels.StreamChannels"

_FORMATTERS = {
    "TEXT": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    "JSON": {
        "()": "web.json_logs.JsonFormatter",
        "current": "ext://models_app.engine.tracing.current_trace",
    },
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": _FORMATTERS[LOG_FORMAT]},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own handlers print to the console only while DEBUG is on, and mail errors otherwise.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # A refused request is the client's business: the answer says what was wrong.
        "django.request": {"level": "ERROR"},
        # Both say at INFO what `serve` says in its own lines.
        "uvicorn": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        # It says at INFO that it forgets what it had not to remember, at each log-in.
        "axes": {"level": "WARNING"},
    },
}

globals().update(_configuration.django)
