"""Refusals of the services, as messages on the page."""

from typing import Any

from django.contrib import admin, messages
from django.forms import BaseForm
from django.http import HttpRequest

from models_app.domain.errors import (
    ChantillyError,
    FlavorNotSet,
    InvalidModelName,
    InvalidSpec,
    Message,
    ModelNotAllowed,
    ModelNotReadable,
    ModelNotSuitable,
    UploadNotSigned,
)

# Where the form shows a refusal that does not name its field.
FIELD_BY_ERROR: dict[type[ChantillyError], str] = {
    FlavorNotSet: "flavor",
    InvalidModelName: "name",
    UploadNotSigned: "signature",
}
# Those of an upload itself: the form has several ways to give it.
_OF_UPLOADS = (InvalidSpec, ModelNotAllowed, ModelNotReadable, ModelNotSuitable)


def reasons(message: Message) -> list[str]:
    """Return a refusal's sentences."""
    if isinstance(message, str):
        return [message]
    return [reason for of_field in message.values() for reason in of_field]


class Shown:
    """Runs a block; what is refused in it becomes a message on the next page, and the block ends there."""

    def __init__(self, model_admin: admin.ModelAdmin[Any], request: HttpRequest, about: str = "") -> None:
        self._model_admin = model_admin
        self._request = request
        self._about = about

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, ChantillyError):
            return False
        for reason in reasons(error.message):
            message = f"{self._about}: {reason}" if self._about else reason
            self._model_admin.message_user(self._request, message, messages.ERROR)
        return True


def put_on_form(form: BaseForm, error: ChantillyError, *, upload: str | None = None) -> None:
    """Show a refusal at its field; one of an upload at the field that this came in, `upload`."""
    if isinstance(error, _OF_UPLOADS):
        for reason in _with_places(error.message):
            form.add_error(upload, reason)
        return
    by_type = FIELD_BY_ERROR.get(type(error))
    by_field = {by_type: [error.message]} if isinstance(error.message, str) else error.message
    for name, its_reasons in by_field.items():
        for reason in its_reasons:
            if name is None or name in form.fields:
                form.add_error(name, reason)
            else:
                form.add_error(by_type, f"{name}: {reason}")


def _with_places(message: Message) -> list[str]:
    """Return a refusal's sentences, each with the place within a specification that it is about.

    A place may be called as a field of the form is.
    """
    if isinstance(message, str):
        return [message]
    return [f"{place}: {reason}" for place, its_reasons in message.items() for reason in its_reasons]
