"""Refusals of the services, as messages on the page."""

from typing import Any

from django.contrib import admin, messages
from django.forms import BaseForm
from django.http import HttpRequest

from models_app.domain.errors import (
    ChantillyError,
    InvalidModelName,
    InvalidSpec,
    Message,
    ModelNotReadable,
    ModelNotSuitable,
    UploadNotSigned,
)

# Where the form shows a refusal that does not name its field.
FIELD_BY_ERROR: dict[type[ChantillyError], str] = {
    InvalidModelName: "name",
    InvalidSpec: "file",
    ModelNotReadable: "file",
    ModelNotSuitable: "file",
    UploadNotSigned: "signature",
}


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


def put_on_form(form: BaseForm, error: ChantillyError) -> None:
    """Show a refusal at the field that it is about."""
    by_type = FIELD_BY_ERROR.get(type(error))
    by_field = {by_type: [error.message]} if isinstance(error.message, str) else error.message
    for name, its_reasons in by_field.items():
        for reason in its_reasons:
            if name is None or name in form.fields:
                form.add_error(name, reason)
            else:
                # Of a place within the field, as in a specification.
                form.add_error(by_type, f"{name}: {reason}")
