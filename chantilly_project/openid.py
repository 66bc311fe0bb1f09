"""Django's settings for the log-in by OpenID Connect, which is off until a provider is named."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from chantilly_project.configuration import ConfigurationError

#: The applications, in the order in which they stand.
APPS = ("allauth", "allauth.account", "allauth.socialaccount", "access.openid")
MIDDLEWARE = "allauth.account.middleware.AccountMiddleware"
_NEEDED = ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")


def is_configured(own: Mapping[str, Any]) -> bool:
    """Say whether there is a provider; raises ConfigurationError for settings that do not go together."""
    if not own["OIDC_ISSUER"]:
        for name in (*_NEEDED, "OIDC_GROUPS"):
            if own[name]:
                raise ConfigurationError(f"{name} is set, but OIDC_ISSUER is not: it says whom to ask.")
        return False
    for name in _NEEDED:
        if not own[name]:
            raise ConfigurationError(f"OIDC_ISSUER is set, but {name} is not: the provider gives it to you.")
    if not own["AUTH_REQUIRED"]:
        raise ConfigurationError("OIDC_ISSUER is set, but AUTH_REQUIRED is off: nobody is asked to log in.")
    if find_spec("allauth") is None:
        raise ConfigurationError(
            "OIDC_ISSUER is set, but the Python package `django-allauth` is not installed "
            "(`pip install -r requirements-oidc.txt`)."
        )
    return True


def apps(installed: Sequence[str]) -> list[str]:
    """Return the applications with those that are needed, before the one that takes some of them back."""
    return [*APPS[:-1], *installed, APPS[-1]]


def describe(own: Mapping[str, Any]) -> dict[str, object]:
    """Return what django-allauth reads."""
    app = {
        "client_id": own["OIDC_CLIENT_ID"],
        "secret": own["OIDC_CLIENT_SECRET"],
        "settings": {"server_url": own["OIDC_ISSUER"].rstrip("/")},
    }
    return {
        "SOCIALACCOUNT_PROVIDERS": {"openid": {"APP": app}},
        "SOCIALACCOUNT_ADAPTER": "access.openid.adapters.SocialAdapter",
        "SOCIALACCOUNT_ONLY": True,
        "SOCIALACCOUNT_EMAIL_REQUIRED": False,
        "ACCOUNT_ADAPTER": "access.openid.adapters.AccountAdapter",
        "ACCOUNT_EMAIL_VERIFICATION": "none",
    }
