"""The HTTP statuses of the domain's errors: one table, in the shape that every refusal has."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.permissions import AllowAny
from rest_framework.settings import api_settings

from models_app.domain import errors, resembling
from models_app.domain.errors import ChantillyError, Message, ModelNotFound
from web import exceptions
from web.answers import JsonAnswer
from web.refusals import Refusal

RETRY_AFTER_SECONDS = 1

STATUS_BY_ERROR: dict[type[ChantillyError], int] = {
    errors.AlertNotFound: 404,
    errors.Forbidden: 403,
    errors.ModelNotAllowed: 403,
    errors.ModelNotFound: 404,
    errors.EvaluationsBusy: 503,
    errors.FeatureContract: 422,
    errors.NoSpec: 404,
    errors.ModelBusy: 503,
    errors.ModelNotLoadable: 503,
    errors.QuotaExceeded: 403,
    errors.RateLimited: 429,
    errors.ModelQuarantined: 503,
    errors.ServerStopping: 503,
    errors.ShardUnavailable: 503,
    errors.StorageUnavailable: 503,
    errors.TooManyStreams: 503,
    errors.Unauthenticated: 401,
    errors.UploadNotSigned: 403,
    errors.UploadsBusy: 503,
}
_DEFAULT_STATUS = 400
_PASSES_SOON = (
    errors.EvaluationsBusy,
    errors.ModelBusy,
    errors.ServerStopping,
    errors.ShardUnavailable,
    errors.StorageUnavailable,
    errors.TooManyStreams,
    errors.UploadsBusy,
)


def handle(error: BaseException, context: Mapping[str, Any]) -> JsonAnswer:
    """Return the answer to what a view raised; DRF's `EXCEPTION_HANDLER`.

    A view may map errors differently through its `status_by_error`.
    """
    error = errors.foreseen(error)
    if not isinstance(error, ChantillyError):
        return exceptions.handle(error, context)
    statuses = getattr(context.get("view"), "status_by_error", STATUS_BY_ERROR)
    return exceptions.refusal(refusal_of(error, statuses))


def refusal_of(
    error: ChantillyError, statuses: Mapping[type[ChantillyError], int] = STATUS_BY_ERROR
) -> Refusal:
    """Return what a client gets of an error."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if isinstance(error, _PASSES_SOON) else None
    if isinstance(error, errors.Unauthenticated):
        headers = {"WWW-Authenticate": "Bearer"}
    elif isinstance(error, errors.RateLimited):
        headers = {"Retry-After": str(error.seconds)}
    status = statuses.get(type(error), _DEFAULT_STATUS)
    return Refusal(status, error.code, errors.sendable_message(message_of(error)), headers)


def message_of(error: ChantillyError) -> Message:
    """Return what a client gets of a refusal: of an unknown model also the names like it.

    Where not everybody may do everything nobody gets a name: who may predict may be one who may not list
    models.
    """
    if not isinstance(error, ModelNotFound) or not error.near or not _all_may_list():
        return error.message
    return f"{error.message}{resembling.question(error.near)}"


def _all_may_list() -> bool:
    permissions: Any = api_settings.DEFAULT_PERMISSION_CLASSES
    return not settings.AUTH_REQUIRED and all(permission is AllowAny for permission in permissions)


def refusal(status: int, code: str, message: Message) -> JsonAnswer:
    """Return an answer in the shape that every refusal has."""
    return exceptions.refusal(Refusal(status, code, errors.sendable_message(message)))
