"""Answers that a model has to give first: no thread is held while it takes its time."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from django.http import HttpResponse

from models_app.api import needs
from models_app.engine.commands import Command
from models_app.services import predicting
from web.answers import JsonAnswer
from web.dispatch import Awaited


def asked(command: Command, finish: Callable[[Any], HttpResponse]) -> Awaited:
    """Return what a view in a thread returns where the engine is to be asked before there is an answer.

    Raises `Forbidden` where who asks may not use the model.
    """
    needs.bind(command)
    return Awaited(partial(predicting.answer, command), finish)


def json_of(read: Callable[[Any], dict[str, float | None]]) -> Callable[[Any], JsonAnswer]:
    """Return what makes an answer of the figures that are read of the engine's."""
    return lambda answer: JsonAnswer(msgspec.json.encode(read(answer)))
