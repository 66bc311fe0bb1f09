"""What HTTP makes of a refusal: one table, one shape."""

import logging
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework.permissions import AllowAny
from rest_framework.settings import api_settings

from models_app.api.answers import JsonAnswer
from models_app.domain import errors, resembling
from models_app.domain.errors import ChantillyError, Message, ModelNotFound

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1

STATUS_BY_ERROR: dict[type[ChantillyError], int] = {
    errors.ModelNotFound: 404,
    errors.ModelBusy: 503,
    errors.ModelNotLoadable: 503,
    errors.ServerStopping: 503,
    errors.StorageUnavailable: 503,
    errors.TooManyStreams: 503,
    errors.UploadsBusy: 503,
}
_DEFAULT_STATUS = 400
_PASSES_SOON = (
    errors.ModelBusy,
    errors.ServerStopping,
    errors.StorageUnavailable,
    errors.TooManyStreams,
    errors.UploadsBusy,
)


def handle(error: BaseException, context: Mapping[str, Any]) -> JsonAnswer:
    """Return the answer to what a view raised; DRF's `EXCEPTION_HANDLER`.

    A view may map errors differently through its `status_by_error`.
    """
    error = errors.foreseen(error)
    if isinstance(error, ChantillyError):
        statuses = getattr(context.get("view"), "status_by_error", STATUS_BY_ERROR)
        response = refusal(statuses.get(type(error), _DEFAULT_STATUS), error.code, message_of(error))
        if isinstance(error, _PASSES_SOON):
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    if isinstance(error, Http404):
        return refusal(404, "not_found", "There is nothing at this address.")
    if isinstance(error, PermissionDenied):
        return refusal(403, "permission_denied", "This is not allowed.")
    if isinstance(error, BadRequest | SuspiciousOperation):
        # A thousand parameters, for instance.
        return refusal(400, "bad_request", str(error))
    if isinstance(error, drf.APIException):
        return _from_drf(error, context)
    return _unforeseen(error)


def message_of(error: ChantillyError) -> Message:
    """Return what a client is told of a refusal: of an unknown model also the names like it.

    Where permissions are set nobody is told a name: who may predict may be one who may not list models.
    """
    if not isinstance(error, ModelNotFound) or not error.near or not _all_may_list():
        return error.message
    return f"{error.message}{resembling.question(error.near)}"


def _all_may_list() -> bool:
    permissions: Any = api_settings.DEFAULT_PERMISSION_CLASSES
    return all(permission is AllowAny for permission in permissions)


def refusal(status: int, code: str, message: Message) -> JsonAnswer:
    """Return an answer in the shape that every refusal has."""
    response = JsonAnswer(msgspec.json.encode({"message": errors.told(message)}), status)
    response["Error-Code"] = code
    return response


def _from_drf(error: drf.APIException, context: Mapping[str, Any]) -> JsonAnswer:
    detail = error.detail
    message = str(detail) if isinstance(detail, str) else str(error)
    response = refusal(error.status_code, error.default_code, message)
    if isinstance(error, drf.MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    wait = getattr(error, "wait", None)
    if wait is not None:
        response["Retry-After"] = str(int(wait) + 1)
    return response


def _unforeseen(error: BaseException) -> JsonAnswer:
    error_id = uuid.uuid4().hex[:12]
    logger.error("internal error %s", error_id, exc_info=error)
    response = refusal(500, "internal_error", f"Internal error. (id {error_id})")
    response["Error-Id"] = error_id
    return response
