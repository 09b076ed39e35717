"""Django settings, read from the environment. Every variable is described in docs/settings.md."""

from __future__ import annotations

import re
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from daedap.config import embedded

env = environ.FileAwareEnv()

PACKAGE = Path(__file__).resolve().parent.parent
HOME = Path(env.str("DAEDAP_HOME", default="var")).resolve()
DEBUG = env.bool("DAEDAP_DEBUG", default=False)

# --- Addresses -----------------------------------------------------------------------------------
_port = env.str("DAEDAP_PORT", default="")
PUBLIC_URL = env.str("DAEDAP_PUBLIC_URL", default=f"http://localhost:{_port or 8000}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
PUBLIC_SCHEME = _public.scheme
BASE_HOST = _public.hostname or "localhost"
PUBLIC_PORT = _public.port
ORGANIZATION_SUFFIX = f".oc.{BASE_HOST}"
HOST = env.str("DAEDAP_HOST", default="127.0.0.1")
PORT = int(_port or PUBLIC_PORT or 8000)
SECURE = PUBLIC_SCHEME == "https"
ALLOWED_HOSTS = ["*"]  # SiteMiddleware answers 404 to every host that is not ours; health is asked on any host
USE_X_FORWARDED_HOST = False
TRUSTED_PROXIES = env.list("DAEDAP_TRUSTED_PROXIES", default=["127.0.0.1", "::1"] if SECURE else [])
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None

# --- Secrets -------------------------------------------------------------------------------------
EMBEDDED = not env.str("DATABASE_URL", default="")


def _secret_key() -> str:
    """Return DAEDAP_SECRET_KEY; for the embedded default make one once and keep it in DAEDAP_HOME."""
    if given := env.str("DAEDAP_SECRET_KEY", default=""):
        return str(given)
    kept = HOME / "secret_key"
    if not EMBEDDED and not kept.exists():
        return str(env.str("DAEDAP_SECRET_KEY"))  # raises ImproperlyConfigured, naming the variable
    if not kept.exists():
        try:
            HOME.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(48), encoding="ascii")
        except OSError as error:
            message = f"Cannot write into {HOME}: {error.strerror}. Make room there, or choose another DAEDAP_HOME."
            raise ImproperlyConfigured(message) from error
    return kept.read_text(encoding="ascii").strip()


SECRET_KEY = _secret_key()
METRICS_TOKEN = env.str("DAEDAP_METRICS_TOKEN", default="")

# --- Apps ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
    "daedap.core",
    "daedap.files",
    "daedap.audit",
    "daedap.accounts",
    "daedap.payments",
    "daedap.organizations",
    "daedap.services",
    "daedap.members",
    "daedap.tickets",
    "daedap.connectors",
    "daedap.helpcenter",
    "daedap.billing",
    "daedap.openapi",
    "daedap.console",
    "daedap.portal",
]

MIDDLEWARE = [
    "daedap.core.middleware.RequestLogMiddleware",
    "daedap.core.middleware.DatabaseDownMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "daedap.core.middleware.NulMiddleware",
    "daedap.organizations.middleware.SiteMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "daedap.core.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "daedap.members.middleware.FrameMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "daedap.accounts.middleware.RealmMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "daedap.core.middleware.ErrorPageMiddleware",
]

ROOT_URLCONF = "daedap.config.urls_platform"
ORGANIZATION_URLCONF = "daedap.config.urls_organization"
WSGI_APPLICATION = "daedap.config.wsgi.application"

# --- Templates -----------------------------------------------------------------------------------
_context_processors = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": sorted(PACKAGE.glob("*/templates")),
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "daedap.core.jinja.environment",
            "context_processors": ["daedap.core.context.shared", "django.contrib.messages.context_processors.messages"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _context_processors},
    },
]
FORM_RENDERER = "daedap.core.rendering.WidgetRenderer"

# --- Database and jobs ---------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="") or embedded.database_url(HOME)
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
_given = DATABASES["default"].get("OPTIONS", {})  # what the address says comes first
# A row that somebody holds, a statement without end, a peer that is gone: none may keep all threads waiting for long.
# Jobs and commands take the time they need for a statement (core/database.py).
_LIMITS = "-c lock_timeout=4s -c statement_timeout=30s -c idle_in_transaction_session_timeout=2min"
DATABASES["default"].update(
    {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            "keepalives_idle": 20,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            **_given,
            "options": f"{_LIMITS} {_given.get('options', '')}".strip(),
            # 8 threads for pages, 4 for jobs, 4 for the edge: each holds one connection at most. A lost database is
            # looked for with each request; by itself the pool would wait longer from try to try, for minutes.
            "pool": {"min_size": 1, "max_size": 16, "timeout": 3, "max_idle": 60, "reconnect_timeout": 2},
        },
    }
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Accounts and sessions -----------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["daedap.accounts.backends.RealmBackend"]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "daedap.accounts.passwords.PlatformRules"}]
PASSWORD_HASHERS = ["daedap.accounts.hashing.BoundedArgon2"]
LOGIN_URL = "/login/"
# Over https, names that browsers take from this very host only: no neighbour and no http page can plant a cookie.
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrftoken"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "daedap.core.views.csrf_failure"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # login IDs are unique per realm; RealmBackend asks for both

# --- Language and time ---------------------------------------------------------------------------
LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", "한국어"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Seoul"  # the installation's calendar (spec 10, Q4); each service has a zone of its own

# --- Files ---------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("DAEDAP_STATIC_ROOT", default=str(PACKAGE.parent.parent / "build" / "static")))
MEDIA_ROOT = HOME / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600
VIRUS_SCANNER = env.str("DAEDAP_VIRUS_SCANNER", default="")
if VIRUS_SCANNER and not re.fullmatch(r"unix:///.+|tcp://(\[[0-9A-Fa-f:.]+\]|[\w.-]+):[1-9]\d{0,4}", VIRUS_SCANNER):
    raise ImproperlyConfigured("DAEDAP_VIRUS_SCANNER is tcp://host:port or unix:///path of the scanner (clamd).")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
MAX_REQUEST_BYTES = 64 * 1024 * 1024  # five attachments of 10 MiB and room for the form

# --- Mail ----------------------------------------------------------------------------------------
PRODUCT_NAME = env.str("DAEDAP_PRODUCT_NAME", default="Daedap")
MAIL_FOLDER = HOME / "mail"
_email_url = env.str("DAEDAP_EMAIL_URL", default="")
MAIL_IS_KEPT = not _email_url
if _email_url:
    _email = env.email_url_config(_email_url)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"] or "", _email["EMAIL_HOST_PASSWORD"] or ""
    EMAIL_USE_TLS, EMAIL_USE_SSL = _email.get("EMAIL_USE_TLS", False), _email.get("EMAIL_USE_SSL", False)
    EMAIL_TIMEOUT = 20
else:
    EMAIL_BACKEND = "daedap.core.mail.backends.KeptMailBackend"
DEFAULT_FROM_EMAIL = env.str("DAEDAP_MAIL_FROM", default=f"no-reply@{BASE_HOST}")

# --- Outgoing calls ------------------------------------------------------------------------------
ALLOW_PRIVATE_CALLBACKS = env.bool("DAEDAP_ALLOW_PRIVATE_CALLBACKS", default=False)
ALLOWED_CALLBACK_NETWORKS = tuple(map(ip_network, env.list("DAEDAP_ALLOWED_CALLBACK_NETWORKS", default=[])))

# --- Open API ------------------------------------------------------------------------------------
API_ALWAYS_200 = env.bool("DAEDAP_API_ALWAYS_200", default=False)

# --- Onboarding ----------------------------------------------------------------------------------
PAYMENT_REQUIRED = env.bool("DAEDAP_PAYMENT_REQUIRED", default=True)
PAYMENT_PROVIDERS = {
    "manual": "daedap.payments.providers.manual.ManualProvider",
    "portone": "daedap.payments.providers.portone.PortOneProvider",
}
PAYMENT_PROVIDER = env.str("DAEDAP_PAYMENT_PROVIDER", default="manual")
PORTONE = {
    "api_secret": env.str("DAEDAP_PORTONE_API_SECRET", default=""),
    "webhook_secret": env.str("DAEDAP_PORTONE_WEBHOOK_SECRET", default=""),
    "store_id": env.str("DAEDAP_PORTONE_STORE_ID", default=""),
    "channels": {
        "card": env.str("DAEDAP_PORTONE_CHANNEL_CARD", default=""),
        "payco": env.str("DAEDAP_PORTONE_CHANNEL_PAYCO", default=""),
        "card_japan": env.str("DAEDAP_PORTONE_CHANNEL_CARD_JAPAN", default=""),
        "identity": env.str("DAEDAP_PORTONE_CHANNEL_IDENTITY", default=""),
    },
    "api_url": env.str("DAEDAP_PORTONE_API_URL", default="https://api.portone.io"),
    "script_url": env.str("DAEDAP_PORTONE_SCRIPT_URL", default="https://cdn.portone.io/v2/browser-sdk.js"),
    # What the page with PortOne's window may load, besides our own (Content-Security-Policy of that page alone).
    "page_sources": env.list(
        "DAEDAP_PORTONE_PAGE_SOURCES",
        default=["https://*.portone.io", "https://*.iamport.co", "https://*.iamport.kr"],
    ),
}
SMS_PROVIDERS = {"nhncloud": "daedap.accounts.sms.nhncloud.NhnCloudSms"}
SMS_PROVIDER = env.str("DAEDAP_SMS_PROVIDER", default="none")  # no mobile number is checked without one
SMS = {
    "app_key": env.str("DAEDAP_SMS_APP_KEY", default=""),
    "secret_key": env.str("DAEDAP_SMS_SECRET_KEY", default=""),
    "sender": env.str("DAEDAP_SMS_SENDER", default=""),
    "api_url": env.str("DAEDAP_SMS_API_URL", default="https://api-sms.cloud.toast.com"),
}
BUSINESS_VERIFICATION = env.str("DAEDAP_BUSINESS_VERIFICATION", default="operator")  # or "automatic"
CARD_RANGES = env.str("DAEDAP_CARD_RANGES", default="")  # a file of one's own for the `manual` provider
ORGANIZATION_QUOTA = {
    "individual": env.int("DAEDAP_ORGANIZATIONS_PER_INDIVIDUAL", default=3),
    "business": env.int("DAEDAP_ORGANIZATIONS_PER_BUSINESS", default=5),
}
ACCESS_LOG_DAYS = max(183, env.int("DAEDAP_ACCESS_LOG_DAYS", default=2 * 366))  # half a year at least (spec 85, 14.1)

# --- Development pages: mail viewer and UI gallery -----------------------------------------------
# Whoever reads the kept mail has everybody's password links, and a Host header is easily made up: by itself only where
# nobody but this machine is listened to.
_NOBODY_ELSE = BASE_HOST == "localhost" and HOST in {"127.0.0.1", "::1", "localhost"}
DEVELOPMENT_PAGES = env.bool("DAEDAP_DEVELOPMENT_PAGES", default=DEBUG or _NOBODY_ELSE)

# --- Security headers ----------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Logs ----------------------------------------------------------------------------------------
LOGGING_CONFIG = None  # daedap.core.logs.configure() is called below, so that it holds before apps load
from daedap.core import logs  # noqa: E402

logs.configure(level="DEBUG" if DEBUG else "INFO")
