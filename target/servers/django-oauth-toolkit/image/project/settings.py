"""A small project around django-oauth-toolkit, as its documentation has one set up."""

import os
from pathlib import Path

HERE = Path(__file__).parent
DATA = Path(os.environ.get("DATA", HERE / "data"))

ADMIN_KEY = os.environ.get("ADMIN_KEY", "")
SECRET_KEY = ADMIN_KEY or "of the build alone"
DEBUG = False
ALLOWED_HOSTS = ["*"]  # the issuer follows the Host header
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "oauth2_provider",
    "registry",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
ROOT_URLCONF = "registry.urls"
LOGIN_URL = "/login/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "sqlite", "NAME": str(DATA / "db.sqlite3"), "OPTIONS": {"timeout": 30}, "CONN_MAX_AGE": None}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # these passwords are no secret
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}

OAUTH2_PROVIDER_APPLICATION_MODEL = "registry.Client"
KEY = DATA / "oidc.pem"
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": KEY.read_text() if KEY.exists() else "",
    "OAUTH2_VALIDATOR_CLASS": "registry.oauth.Validator",
    "SCOPES_BACKEND_CLASS": "registry.oauth.Scopes",
}
