"""Answers to what views raise: to the errors of HTTP and of the server.

The application's own are its own affair: DRF's setting `EXCEPTION_HANDLER` names what answers them with a
`JsonAnswer`, and leaves the others to `handle`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework.settings import api_settings

from web import refusals
from web.answers import JsonAnswer
from web.refusals import Refusal

# Characters: what a client has sent may be part of a message.
_MAX_MESSAGE = 2_000


def answer_to(error: BaseException, context: Mapping[str, Any]) -> JsonAnswer:
    """Return the application's answer to what a view raised; `context` may have the `view`."""
    handler: Any = api_settings.EXCEPTION_HANDLER
    answer: JsonAnswer = handler(error, context)
    return answer


def handle(error: BaseException, context: Mapping[str, Any]) -> JsonAnswer:
    """Return the answer to an error that is not the application's."""
    if isinstance(error, drf.APIException):
        return _from_drf(error, context)
    return refusal(_refusal_of(error))


def _refusal_of(error: BaseException) -> Refusal:
    match error:
        case Refusal():
            return error
        case Http404():
            return Refusal(404, "not_found", "There is nothing at this address.")
        case PermissionDenied():
            return Refusal(403, "permission_denied", "This is not allowed.")
        case BadRequest() | SuspiciousOperation():
            # A thousand parameters, for instance.
            return Refusal(400, "bad_request", _sendable(str(error)))
        case _:
            return refusals.failure(error)


def refusal(refused: Refusal) -> JsonAnswer:
    """Return a refusal as a view's answer."""
    response = JsonAnswer(msgspec.json.encode({"message": refused.message}), refused.status)
    response["Error-Code"] = refused.code
    for name, value in refused.headers.items():
        response[name] = value
    return response


def _from_drf(error: drf.APIException, context: Mapping[str, Any]) -> JsonAnswer:
    detail = error.detail
    message = str(detail) if isinstance(detail, str) else str(error)
    response = refusal(Refusal(error.status_code, error.default_code, _sendable(message)))
    if isinstance(error, drf.MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    wait = getattr(error, "wait", None)
    if wait is not None:
        response["Retry-After"] = str(int(wait) + 1)
    return response


def _sendable(message: str) -> str:
    if len(message) > _MAX_MESSAGE:
        message = message[:_MAX_MESSAGE] + "…"
    # Halves of characters, which no UTF-8 can hold.
    return message.encode("utf-8", "backslashreplace").decode()
