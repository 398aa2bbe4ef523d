"""Every setting, read from the environment here and nowhere else. `.env.example` explains each variable."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

BASE_DIR = Path(__file__).resolve().parent.parent


class Env(environ.Env):
    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var}: {error}") from error

    def one_of(self, var: str, choices: Iterable[str], default: str) -> str:
        value = self.str(var, default)
        if value not in choices:
            raise ImproperlyConfigured(f"{var} must be one of: {', '.join(choices)}")
        return value


env = Env()
env.read_env(BASE_DIR / ".env")

ENV_TYPE = env.one_of("ENV_TYPE", ["dev", "prod"], "dev")
PRODUCTION = ENV_TYPE == "prod"
DEBUG = env.bool("DEBUG", False)
ATRIUM_HOME = Path(env.str("ATRIUM_HOME", str(BASE_DIR / "var"))).resolve()
ATRIUM_HOME.mkdir(parents=True, exist_ok=True)
BIND = env.str("BIND", "127.0.0.1")
PORT = env.int("PORT", 8000)
if not 0 < PORT < 65536:
    raise ImproperlyConfigured("PORT must be between 1 and 65535")
DOMAIN_NAME = env.str("DOMAIN_NAME", f"http://localhost:{PORT}").rstrip("/")


def secret_key() -> str:
    """Production has to name its own; in development one is made at the first start, and kept."""
    if given := env.str("SECRET_KEY", ""):
        return given
    if PRODUCTION:
        raise ImproperlyConfigured("SECRET_KEY must be set when ENV_TYPE is prod")
    path = ATRIUM_HOME / "secret_key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(50))
        path.chmod(0o600)
    return path.read_text().strip()


SECRET_KEY = secret_key()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]", "testserver"])

# --- Apps ---------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "common",
    "teams",
    "accounts",
    "contacts",
    "opportunity",
    "leads",
    "cases",
    "tasks",
    "events",
    "planner",
    "boards",
    "invoices",
    "emails",
    "documents",
    "custom_objects",
    "assistant",
    "compat",
    "unfold.apps.BasicAppConfig",  # the other one puts its own site in place of ours
    "crm.apps.CrmConfig",
    "crm.apps.AtriumAdminConfig",
    "django.contrib.auth",
    "django.contrib.humanize",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "common.middleware.request_id.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "common.middleware.csp.ContentSecurityPolicy",
    "corsheaders.middleware.CorsMiddleware",
    "common.middleware.slash.TrailingSlash",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "common.middleware.get_company.GetProfileAndOrg",
]

ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
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
    }
]

# --- Database: see docs/tenancy.md for the three roles ------------------------------------------------------------


def postgres_url(name: str) -> dict[str, Any]:
    if not env.str(name).startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(f"{name} must look like postgres://user:password@host:5432/name")
    return env.db_url(name)


def database() -> dict[str, Any]:
    """DATABASE_URL, or DBNAME and its kin, or the embedded PostgreSQL."""
    if env.str("DATABASE_URL", ""):
        settings = postgres_url("DATABASE_URL")
    elif env.str("DBNAME", ""):
        names = {"NAME": "DBNAME", "USER": "DBUSER", "PASSWORD": "DBPASSWORD", "HOST": "DBHOST", "PORT": "DBPORT"}
        settings = {name: env.str(variable, "") for name, variable in names.items()}
    else:
        settings = {"NAME": "crm", "USER": "crm_app", "OPTIONS": {"embedded": True}}
    return settings


DATABASES: dict[str, dict[str, Any]] = {
    "default": database()
    | {
        "ENGINE": "common.tenancy.backend",
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,  # pgbouncer in transaction mode has none
    }
}
#: Who owns the tables and migrates. Without it, the role of DATABASE_URL is asked to.
DATABASE_OWNER: dict[str, Any] = (
    {"USER": "crm_owner", "PASSWORD": ""}
    if "embedded" in DATABASES["default"].get("OPTIONS", {})
    else {
        key: value
        for key, value in (postgres_url("DATABASE_OWNER_URL") if env.str("DATABASE_OWNER_URL", "") else {}).items()
        if key in ("NAME", "USER", "PASSWORD", "HOST", "PORT") and value
    }
)
#: Who may make roles and databases, for `manage.py setup_database` only.
DATABASE_ADMIN_URL = env.str("DATABASE_ADMIN_URL", "")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis and Celery: without Redis, one process does it all ------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", "")
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "") or REDIS_URL or "memory://localhost//"
CELERY_RESULT_BACKEND = env.str("CELERY_RESULT_BACKEND", CELERY_BROKER_URL if "redis" in CELERY_BROKER_URL else "cache+memory://")
CELERY_IN_PROCESS = CELERY_BROKER_URL.startswith("memory:")
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.05} if CELERY_IN_PROCESS else {"visibility_timeout": 3600}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 1800
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(ATRIUM_HOME / f"celerybeat-{PORT}")
CELERY_BEAT_SCHEDULE = {
    "resume-turns": {"task": "assistant.tasks.resume_turns", "schedule": 30},
    "watch-clocks": {"task": "cases.tasks.watch_clocks", "schedule": 60},
    "fetch-mail": {"task": "cases.tasks.fetch_mail", "schedule": 60},
    "send-mails": {"task": "common.tasks.send_due_mails", "schedule": 60},
    "fetch-emails": {"task": "emails.tasks.fetch_mail", "schedule": 60},
    "send-emails": {"task": "emails.tasks.send_due_emails", "schedule": 30},
    "tell-of-changes": {"task": "common.tasks.tell_of_changes", "schedule": 10},
    "send-daily-mails": {"task": "common.tasks.send_daily_mails", "schedule": 900},
    "recurring-invoices": {"task": "invoices.tasks.make_recurring_invoices", "schedule": 600},
    "overdue-invoices": {"task": "invoices.tasks.look_after_invoices", "schedule": 3600},
    "send-reminders": {"task": "planner.tasks.send_due_reminders", "schedule": 30},
    "make-recurring-tasks": {"task": "tasks.tasks.make_recurring_tasks", "schedule": 900},
    "empty-bins": {"task": "common.tasks.empty_bins", "schedule": 24 * 3600},
    "forget-sessions": {"task": "common.tasks.forget_old_sessions", "schedule": 24 * 3600},
}

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- People -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "common.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/app/"
LOGOUT_REDIRECT_URL = "/login/"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "common.api.errors.csrf_failure"
ACCESS_TOKEN_LIFETIME = timedelta(days=1)
REFRESH_TOKEN_LIFETIME = timedelta(days=365)
INVITATION_LIFETIME = timedelta(days=7)
PASSWORD_RESET_TIMEOUT = 24 * 3600
SUPERADMIN_EMAIL_DOMAINS = [domain.lower() for domain in env.list("SUPERADMIN_EMAIL_DOMAINS", default=[])]
#: Multiplies every limit on sign-in attempts (and, later, on calls); 0 switches them off.
RATE_LIMIT_FACTOR = env.float("RATE_LIMIT_FACTOR", 1.0)
#: How many proxies stand before Atrium: X-Forwarded-For is believed so far from its right end.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)

# --- Language model: without a key, the assistant answers what needs none --------------------------------------------

OPENAI_API_KEY = env.str("OPENAI_API_KEY", "").strip()
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", "").strip()
if OPENAI_BASE_URL and not OPENAI_BASE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("OPENAI_BASE_URL must begin with http:// or https://")
OPENAI_MODEL = env.str("OPENAI_MODEL", "gpt-6.1-terra")
OPENAI_API = env.one_of("OPENAI_API", ["auto", "responses", "chat"], "auto")
#: Seconds of silence before a request is given up.
OPENAI_TIMEOUT = env.float("OPENAI_TIMEOUT", 60)


def model_prices() -> dict[str, list[Decimal]]:
    """USD per million tokens: input, output and, where it is cheaper, input that the provider had cached."""
    known = {
        "gpt-6.1-terra": [1, 5, 0.05],
        "gpt-6.1-sol": [2, 10, 0.1],
        "gpt-6-sol": [2, 10, 0.2],
        "gpt-6-luna": [0.1, 0.5, 0.01],
    }
    try:
        prices = (known | env.json("OPENAI_PRICES", {})).items()
        return {model: [Decimal(str(price)) for price in (read, written, *cached)] for model, (read, written, *cached) in prices}
    except (TypeError, ValueError, ArithmeticError):
        raise ImproperlyConfigured('OPENAI_PRICES must look like {"model": [1.00, 5.00]}') from None


OPENAI_PRICES = model_prices()

# --- API ----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["common.people.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["common.people.authentication.IsMember"],
    "DEFAULT_RENDERER_CLASSES": ["common.api.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.api.json.JSONParser"],
    "DEFAULT_METADATA_CLASS": "common.api.metadata.Metadata",
    "DEFAULT_SCHEMA_CLASS": "common.api.schema.AtriumSchema",
    "EXCEPTION_HANDLER": "common.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Atrium API",
    "DESCRIPTION": (BASE_DIR / "templates" / "docs" / "introduction.md").read_text(),
    "LICENSE": {"name": "MIT"},
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "PREPROCESSING_HOOKS": ["common.api.headings.each_path_once"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.api.headings.describe_tags",
        "common.api.headings.share_parameters",
    ],
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "StageKind": "common.records.models.Stage.Kind",
        "ToolKind": "assistant.tools.KINDS",
        "AgendaKind": "planner.serializers.AGENDA_KINDS",
        "InvoiceKind": "invoices.models.Invoice.Kind",
        "NotificationKind": "common.notifications.models.Kind",
        "MailFrequency": "common.notifications.models.Mail",
        "CasePriority": "cases.models.cases.Priority",
        "TaskPriority": "tasks.models.Task.Priority",
        "ClockState": "cases.models.cases.ClockState",
        "InteractionType": "common.records.models.Interaction.Type",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_SETTINGS": {
        "persistAuthorization": True,
        "tryItOutEnabled": True,
        "deepLinking": True,
        "displayRequestDuration": True,
        "docExpansion": "none",
        "filter": True,
        "defaultModelsExpandDepth": 0,
    },
}
#: Bytes of a request's body; attachments have their own limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_BODY_BYTES", 5 * 1024 * 1024)
MAX_ATTACHMENT_BYTES = env.int("MAX_ATTACHMENT_BYTES", 25 * 1024 * 1024)
#: Bytes of an incoming mail, with its attachments as they are encoded.
MAX_MAIL_BYTES = env.int("MAX_MAIL_BYTES", 25 * 1024 * 1024)
BIN_DAYS = 30

CORS_ALLOWED_ORIGINS = env.list(
    "ALLOWED_ORIGINS", default=[] if PRODUCTION else ["http://localhost:3000", "http://127.0.0.1:3000"]
)
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "if-match", "if-none-match", "org", "x-request-id"]
CORS_EXPOSE_HEADERS = ["ETag", "Location", "Retry-After", "X-Column-Counts", "X-Request-ID"]

# --- Security ------------------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [DOMAIN_NAME] if DOMAIN_NAME.startswith("https://") else []

# --- Mail ----------------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Atrium <noreply@localhost>")
ADMIN_EMAIL = env.str("ADMIN_EMAIL", "")
EMAIL_BACKENDS = {
    "files": "common.people.mail.FileBackend",
    "console": "django.core.mail.backends.console.EmailBackend",
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "ses": "django_ses.SESBackend",
}
MAIL_DEFAULT = "smtp" if env.str("SMTP_HOST", "") else "ses" if PRODUCTION else "files"
MAIL_BACKEND = env.one_of("MAIL_BACKEND", EMAIL_BACKENDS, MAIL_DEFAULT)
EMAIL_BACKEND = EMAIL_BACKENDS[MAIL_BACKEND]
EMAIL_FILE_PATH = str(ATRIUM_HOME / "mail")
EMAIL_HOST = env.str("SMTP_HOST", "localhost")
EMAIL_PORT = env.int("SMTP_PORT", 587)
EMAIL_HOST_USER = env.str("SMTP_USER", "")
EMAIL_HOST_PASSWORD = env.str("SMTP_PASSWORD", "")
EMAIL_USE_TLS = env.bool("SMTP_TLS", PRODUCTION)
EMAIL_TIMEOUT = 20
#: Whether organizations may have mail fetched from hosts in our own network.
IMAP_PRIVATE_HOSTS = env.bool("IMAP_PRIVATE_HOSTS", not PRODUCTION)
AWS_SES_REGION_NAME = env.str("AWS_SES_REGION_NAME", "us-east-1")
AWS_SES_REGION_ENDPOINT = f"email.{AWS_SES_REGION_NAME}.amazonaws.com"

# --- Files ---------------------------------------------------------------------------------------------------------

S3_BUCKET = env.str("AWS_STORAGE_BUCKET_NAME", "")
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": S3_BUCKET, "default_acl": "private", "file_overwrite": False},
    }
    if S3_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(ATRIUM_HOME / "files")}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", str(BASE_DIR / "staticfiles")) if PRODUCTION else None  # else from where they are
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# --- Django admin ----------------------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "Atrium",
    "SITE_HEADER": "Atrium",
    "SITE_SUBHEADER": "common.admin_site.place",
    "SITE_ICON": lambda request: static("atrium/logo.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("atrium/logo.svg")}],
    "SITE_URL": "/app/",
    "SHOW_BACK_BUTTON": True,
    "COLORS": {
        "primary": {
            "50": "#effaf7",
            "100": "#e0f0ec",
            "200": "#b4ddd4",
            "300": "#93e0d0",
            "400": "#74d3c0",
            "500": "#2c9f8c",
            "600": "#0c6b5d",
            "700": "#09564a",
            "800": "#0a453c",
            "900": "#0b3832",
            "950": "#07231e",
        }
    },
}

# --- The rest ------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "crm.formats"
TIME_ZONE = "UTC"
USE_TZ = True
APPEND_SLASH = False  # the slash middleware does it, for every method and without a redirect

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"scope": {"()": "common.middleware.logs.ScopeFilter"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
        "json": {"()": "common.middleware.logs.JSONFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["scope"],
            "formatter": env.one_of("LOG_FORMAT", ["line", "json"], "json" if PRODUCTION else "line"),
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO" if PRODUCTION else "WARNING")},
    "loggers": {"django.server": {"handlers": ["console"], "propagate": False}},
}

SENTRY_DSN = env.str("SENTRY_DSN", "")
if SENTRY_DSN:
    import sentry_sdk

    from .sentry import without_secrets

    sentry_sdk.init(
        dsn=SENTRY_DSN,
        environment=ENV_TYPE,
        send_default_pii=False,
        include_local_variables=False,
        before_send=without_secrets,
    )
