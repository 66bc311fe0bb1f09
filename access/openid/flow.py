"""The code flow: what is sent to the provider, and what is made of its answers."""

from typing import Any

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from access.openid import id_tokens

#: The provider's name, here and in the table of accounts.
PROVIDER = "openid"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# Of what is said of a person, what is kept.
_KEPT = ("sub", "preferred_username", "name", "given_name", "family_name")


class Flow(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # untyped
    """One log-in."""

    #: What was sent at its beginning, and has to be in the id token.
    nonce = ""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, PROVIDER)

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider says of itself; raises `OAuth2Error`, `requests.RequestException`."""
        found = super().openid_config
        missing = [name for name in _ENDPOINTS if not isinstance(found.get(name), str)]
        if missing:
            raise OAuth2Error(f"the provider's configuration has no {missing[0]}")
        issuer = found.get("issuer")
        if not isinstance(issuer, str) or issuer.rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
            raise OAuth2Error(f"the provider calls itself {issuer!r}, which is not OIDC_ISSUER")
        return dict(found)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Return who logs in, by the id token and what else the provider says of them."""
        text = kwargs["response"].get("id_token")
        if not isinstance(text, str):
            raise OAuth2Error("the provider has sent no id token")
        config = self.openid_config
        claims = id_tokens.read(
            text,
            keys=_get(config["jwks_uri"]),
            issuer=config["issuer"],
            client_id=app.client_id,
            nonce=self.nonce,
        )
        claims = {**self._user_info(claims["sub"], token.token), **claims}
        kept = {name: claims[name] for name in (*_KEPT, settings.OIDC_GROUPS_CLAIM) if name in claims}
        return self.get_provider().sociallogin_from_response(request, {"id_token": kept})

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """Return where the provider sends people back to."""
        return request.build_absolute_uri(reverse("openid-callback"))

    def _user_info(self, subject: str, access_token: str) -> dict[str, Any]:
        if "userinfo_endpoint" not in self.openid_config:
            return {}
        found: dict[str, Any] = self._fetch_user_info(access_token)
        if found.get("sub") != subject:
            raise OAuth2Error("what the provider says of the person is of another one")
        return found


class Callback(OAuth2CallbackView):  # type: ignore[misc]  # untyped
    """People come back from the provider."""

    adapter: Flow

    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[Any, Any]:
        state, refusal = super()._get_state(request, provider)
        if state is not None:
            self.adapter.nonce = (state.get("data") or {}).get("nonce", "")
        return state, refusal


def _get(url: str) -> dict[str, Any]:
    with get_adapter().get_requests_session() as session:
        response: requests.Response = session.get(url)
        response.raise_for_status()
        found: dict[str, Any] = response.json()
    return found
