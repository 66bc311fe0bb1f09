"""Pages need what their routes name; who has not logged in is asked to."""

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import MiddlewareNotUsed, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from access.knowledge import registry
from access.sessions import of_user
from web.access import check, current_principal, unauthenticated
from web.needs import need_of
from web.refusals import Refusal

_SCHEME = "bearer "
# It asks for staff by itself, at each of its views.
_ADMIN = "admin"


class PagesNeedAccess:
    """Checks a page's need once it is known which page it is. Left out where nobody is asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.AUTH_REQUIRED:
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, parameters: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Return a refusal, or the way to the log-in; None: they may."""
        match = request.resolver_match
        if match is not None and match.app_names == [_ADMIN]:
            return None
        need = need_of(view, request.method)
        if need is not None and need.is_open:
            return None
        given = request.headers.get("Authorization", "")
        has_token = given.lower().startswith(_SCHEME)
        principal = (
            registry.find(given[len(_SCHEME) :].strip().encode("latin-1", "replace"))
            if has_token
            else of_user(request.user)
        )
        if principal is None:
            return _refused(unauthenticated()) if has_token else redirect_to_login(request.get_full_path())
        try:
            check(principal, need, parameters, request.META.get("QUERY_STRING", "").encode())
        except Refusal as refusal:
            if has_token:
                return _refused(refusal)
            raise PermissionDenied(refusal.message) from None
        # What a page offers depends on who looks at it.
        current_principal.set(principal)
        return None


def _refused(refusal: Refusal) -> HttpResponse:
    response = HttpResponse(
        json.dumps({"message": refusal.message}), status=refusal.status, content_type="application/json"
    )
    response["Error-Code"] = refusal.code
    for name, value in refusal.headers.items():
        response[name] = value
    return response
