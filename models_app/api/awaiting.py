"""Answers that a model has to give first: no thread is held while it takes its time."""

from collections.abc import Callable
from typing import Any

import msgspec
from django.http import HttpResponse

from models_app.api.answers import JsonAnswer
from models_app.engine.commands import Command


class Awaited(HttpResponse):
    """What a view in a thread returns where a model is to be asked before there is an answer.

    The command is given to the engine and awaited in the event loop; `finish` makes the answer of the
    engine's, in a thread again. What the engine raises is the answer otherwise.
    """

    def __init__(self, command: Command, finish: Callable[[Any], HttpResponse]) -> None:
        super().__init__()
        self.command = command
        self.finish = finish


def json_of(read: Callable[[Any], dict[str, float | None]]) -> Callable[[Any], JsonAnswer]:
    """Return what makes an answer of the figures that are read of the engine's."""
    return lambda answer: JsonAnswer(msgspec.json.encode(read(answer)))
