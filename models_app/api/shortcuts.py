"""The short way of a single prediction or learn: from its body to its answer without a task in between.

A task, its messages and what is around them take as long as a prediction. The server may hand over a body
that has come as a whole, and is called back with the answer; what is not that simple is dispatched as ever.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from models_app.api import exceptions
from models_app.api.answers import JsonAnswer
from models_app.domain.errors import ServerStopping
from models_app.engine.commands import Command
from models_app.services import predicting, publishing

#: Takes the answer, once, in the event loop: status, header lines, body.
Reply = Callable[[int, bytes, bytes], None]
#: Takes a body and how to answer it; None: the request has to be dispatched.
AnswerSoon = Callable[[bytes, Reply], "Shortcut | None"]


class Route(Protocol):
    """What a shortcut has to know of a view."""

    route: str

    def ask(self, body: bytes) -> Command:
        """Return what a body asks of the engine."""

    def tell(self, command: Command, answer: Any) -> JsonAnswer:
        """Return the engine's answer as the client gets it."""


class Shortcut:
    """One request under way; the engine takes it for the future of its command."""

    __slots__ = ("_command", "_is_done", "_reply", "_started", "_view")

    def __init__(self, view: Route, reply: Reply) -> None:
        self._view = view
        self._reply = reply
        self._started = time.perf_counter_ns()
        self._is_done = False

    def take(self, body: bytes) -> "Shortcut":
        """Do what a body asks; it may be answered at once."""
        try:
            self._command = self._view.ask(body)
            predicting.answer_to(self, self._command)
        except Exception as error:
            self.set_exception(error)
        return self

    def cancel(self) -> None:
        """Answer that the server stops, unless it is answered already."""
        if not self._is_done:
            self.set_exception(ServerStopping())

    def done(self) -> bool:
        """Say whether it is answered."""
        return self._is_done

    def set_result(self, answer: Any) -> None:
        """Answer with what the engine says."""
        try:
            response = self._view.tell(self._command, answer)
        except Exception as error:
            response = exceptions.handle(error, {"view": self._view})
        self._end(response)

    def set_exception(self, error: BaseException) -> None:
        """Answer with a refusal."""
        self._end(exceptions.handle(error, {"view": self._view}))

    def _end(self, response: JsonAnswer) -> None:
        self._is_done = True
        duration_ns = time.perf_counter_ns() - self._started
        # First of all: who listens must not keep the client waiting.
        self._reply(response.status_code, response.head(), response.content)
        if response.status_code >= 400:
            publishing.refused(self._view.route, response.status_code)
        publishing.called(self._view.route, duration_ns)
