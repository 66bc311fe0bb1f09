"""What django-allauth asks of the project: who is let in, as whom, and what they see where they are not."""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthError
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from access.openid import groups
from models_app.domain import actors
from models_app.domain.actors import Actor
from models_app.models.transactions import write_transaction
from models_app.services import auditing

logger = logging.getLogger(__name__)

_TEMPLATE = "access/login.html"


def refused(request: HttpRequest, reason: str, *, status: int = 403) -> HttpResponse:
    """Return the page to log in, which says why somebody is not let in."""
    return render(request, _TEMPLATE, {"refused": f"This log-in has failed: {reason}."}, status=status)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped
    """Accounts come from the provider alone, and need nothing to be confirmed."""

    def add_message(self, *_args: Any, **_kwargs: Any) -> None:
        """Say nothing: that somebody is logged in shows at the page's foot."""


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # untyped
    """People of the provider. Nobody is taken for somebody who is here already, whatever name they have."""

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Mapping[str, Any] | None = None,
    ) -> NoReturn:
        """Show what went wrong."""
        if error == AuthError.CANCELLED:
            reason = "the provider says that it was not wanted"
        elif exception is not None:
            reason = str(exception)
        elif "state" in (extra_context or {}):
            reason = "the provider has let nobody in"
        else:
            reason = "this log-in was not begun here, or too long ago; begin again"
        logger.warning("a log-in by OpenID Connect was refused: %s", reason)
        raise ImmediateHttpResponse(refused(request, reason))

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Refuse who is disabled; put others in their groups."""
        if not sociallogin.is_existing:
            return
        if not sociallogin.user.is_active:
            raise ImmediateHttpResponse(refused(request, "this account is disabled"))
        with _acting(request, sociallogin.user), write_transaction():
            groups.apply(sociallogin.user, _claims(sociallogin))

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """Add somebody who is new."""
        claims = _claims(sociallogin)
        if not sociallogin.user.username:
            # Somebody has the name that the provider says.
            names = [claims.get(name) for name in ("preferred_username", "name")]
            sociallogin.user.username = get_adapter().generate_unique_username([*names, "user"])
        with _acting(request, sociallogin.user), write_transaction():
            user: User = super().save_user(request, sociallogin, form)
            auditing.record(action="add_user", name=user.get_username(), openid=sociallogin.account.uid)
            groups.apply(user, claims)
        return user


def _acting(request: HttpRequest, user: User) -> AbstractContextManager[None]:
    """Have what is done be done by the one who is just logging in."""
    return actors.acting(
        lambda: Actor(f"user '{user.get_username()}'", str(request.META.get("REMOTE_ADDR") or ""))
    )


def _claims(sociallogin: Any) -> dict[str, Any]:
    found: dict[str, Any] = sociallogin.account.extra_data["id_token"]
    return found
