"""The way to the provider, and back."""

import logging
import secrets
from collections.abc import Callable
from functools import wraps

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from access.openid.adapters import refused
from access.openid.flow import PROVIDER, Callback, Flow

logger = logging.getLogger(__name__)

_View = Callable[[HttpRequest], HttpResponse]


def _shown(view: _View) -> _View:
    """Return a view whose failures are shown on the page to log in."""

    @wraps(view)
    def run(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except ImmediateHttpResponse as answer:
            response: HttpResponse = answer.response
            return response
        except OAuth2Error as error:
            logger.warning("a log-in by OpenID Connect was refused: %s", error)
            return refused(request, str(error))
        except requests.RequestException as error:
            logger.warning("the OpenID provider cannot be asked: %s", error)
            return refused(request, "the provider does not answer as it should; try again later", status=503)

    return never_cache(require_GET(run))


@_shown
def log_in(request: HttpRequest) -> HttpResponse:
    """Send somebody to the provider."""
    provider = get_adapter(request).get_provider(request, PROVIDER)
    # In the session, and in the id token that comes back: it is of this very log-in.
    nonce = secrets.token_urlsafe(32)
    response: HttpResponse = provider.redirect(
        request,
        AuthProcess.LOGIN,
        next_url=_next(request),
        data={"nonce": nonce},
        auth_params={"nonce": nonce},
    )
    return response


@_shown
def callback(request: HttpRequest) -> HttpResponse:
    """Let somebody in who comes back from the provider."""
    view = Callback()
    view.request = request
    view.adapter = Flow(request)
    response: HttpResponse = view.dispatch(request)
    return response


def _next(request: HttpRequest) -> str | None:
    asked = request.GET.get("next", "")
    is_here = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if asked and is_here else None
