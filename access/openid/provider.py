"""The provider of the settings, where django-allauth looks for providers."""

from typing import Any

from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.conf import settings
from django.http import HttpRequest

from access.openid.flow import PROVIDER, Flow


class Provider(OpenIDConnectProvider):  # type: ignore[misc]  # untyped
    """The one that the settings name."""

    id = PROVIDER
    oauth2_adapter_class = Flow
    pkce_enabled_default = True

    def get_default_scope(self) -> list[str]:
        """Return what is asked for."""
        return list(settings.OIDC_SCOPES)

    def get_oauth2_adapter(self, request: HttpRequest) -> Any:
        """Return a log-in's flow."""
        return Flow(request)


provider_classes = [Provider]
