"""Feeding the engine with many records: a bounded number in flight, answers in order."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from models_app.domain.errors import ChantillyError
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command
from models_app.services.files import BadLine
from models_app.services.handing import client
from models_app.services.handing.passes import ends_pass, withdraw

#: Records that the engine may have at a time: enough for several full group commits.
MAX_IN_FLIGHT = 2_048
MAX_BYTES_IN_FLIGHT = 32 * 1024**2
# Answered together. Who reads them meanwhile keeps no other thread waiting for long.
_GROUP = 32


class Line(Protocol):
    """A record to feed, with its number (of its line, or in its journal) and its features as JSON text."""

    @property
    def line(self) -> int:
        """The number."""

    @property
    def features(self) -> bytes | None:
        """The features; None where it has something else."""


R = TypeVar("R", bound=Line)


class Answered(NamedTuple):
    """The outcome of one line: a result or an error; the pass goes on after one that `is_skipped`."""

    line: int
    result: Any
    error: BaseException | None
    is_skipped: bool


class _Asked(NamedTuple):
    line: int
    asked: Command | BadLine
    n_bytes: int


class _Group(Bundle):
    """Consecutive lines, answered together. `on_error` hears of an error at once, in an engine thread."""

    def __init__(self, lines: Sequence[_Asked], on_error: Callable[[int, BaseException], None]) -> None:
        self.lines = lines
        self.n_bytes = sum(line.n_bytes for line in lines)
        self.sent = [(line.line, line.asked) for line in lines if isinstance(line.asked, Command)]
        self._on_error = on_error
        super().__init__([command for _, command in self.sent])
        self.answered = self.answered_in_thread()

    def settle(self, position: int, outcome: Any) -> None:
        """See Bundle."""
        if isinstance(outcome, BaseException):
            self._on_error(self.sent[position][0], outcome)
        super().settle(position, outcome)

    def wait(self) -> list[tuple[_Asked, Any]]:
        """Return each line with its result or error."""
        outcomes = iter(self.answered.result())
        return [
            (line, line.asked.error if isinstance(line.asked, BadLine) else next(outcomes))
            for line in self.lines
        ]


class Feed(Generic[R]):
    """One pass over records: `to_command` makes a command of each, or refuses it.

    The pass ends at the first error, unless `skip_errors` and the error is the line's own fault. What was
    sent after that line is withdrawn, but for what shared its batch.
    """

    def __init__(self, to_command: Callable[[R], Command], *, skip_errors: bool) -> None:
        self._to_command = to_command
        self._skip_errors = skip_errors
        # Held for moments only: engine threads take it, too. `interrupt` may come while its thread has it.
        self._lock = threading.RLock()
        self._window: deque[_Group] = deque()
        self._has_ended = False
        self._withdrawn_after: int | None = None
        self._is_reading = False
        self.was_interrupted = False

    def answers(self, lines: Iterable[R | BadLine]) -> Iterator[Answered]:
        """Yield what comes of each line, in order; after an error, what comes of those under way.

        Raises `ServerStopping`.
        """
        lines = iter(lines)
        while not self._has_ended and (group := self._read(lines)):
            self._send(_Group(group, self._look))
            while self._is_full():
                yield from self._settle_oldest()
        while self._window:
            yield from self._settle_oldest()

    def interrupt(self, *_: object) -> None:
        """End the pass: a handler of signals for the thread that runs it. The second one does not wait."""
        is_second, self.was_interrupted = self.was_interrupted, True
        self._end(after_line=0)
        client.stop_pass()
        if self._is_reading or is_second:
            # A pipe may never say anything again. Nothing of what is being read was sent.
            raise KeyboardInterrupt

    def _read(self, lines: Iterator[R | BadLine]) -> list[_Asked]:
        group: list[_Asked] = []
        self._is_reading = True
        try:
            for line in islice(lines, _GROUP):
                group.append(self._ask(line))
                if self._has_ended:
                    break
        except KeyboardInterrupt:
            return []
        finally:
            self._is_reading = False
        return group

    def _ask(self, line: R | BadLine) -> _Asked:
        if isinstance(line, BadLine):
            return self._refuse(line)
        try:
            return _Asked(line.line, self._to_command(line), len(line.features or b""))
        except ChantillyError as error:
            return self._refuse(BadLine(line=line.line, error=error))

    def _refuse(self, bad: BadLine) -> _Asked:
        if bad.ends_file or self._ends(bad.error):
            self._has_ended = True
        return _Asked(bad.line, bad, 0)

    def _send(self, group: _Group) -> None:
        # Into the window first: an error that comes up from here on withdraws these as well.
        with self._lock:
            self._window.append(group)
        if self._withdrawn_after is not None:
            self._end(after_line=self._withdrawn_after)
        client.submit([command for _, command in group.sent])

    def _look(self, line: int, error: BaseException) -> None:
        """Notice an error before the engine takes up what comes next."""
        if self._withdrawn_after is None and self._ends(error):
            self._end(after_line=line)

    def _ends(self, error: BaseException) -> bool:
        return ends_pass(error, skips_errors=self._skip_errors)

    def _end(self, *, after_line: int) -> None:
        """Read no more, and withdraw what was sent from after a line."""
        with self._lock:
            self._has_ended = True
            self._withdrawn_after = after_line
            sent = [each for group in self._window for each in group.sent]
        # The last first: the engine, which comes towards it, is not to get past.
        for line, command in reversed(sent):
            if line > after_line:
                withdraw(command, keeps_predictions=self.was_interrupted)

    def _is_full(self) -> bool:
        n_bytes = sum(group.n_bytes for group in self._window)
        return len(self._window) * _GROUP > MAX_IN_FLIGHT or n_bytes > MAX_BYTES_IN_FLIGHT

    def _settle_oldest(self) -> Iterator[Answered]:
        outcomes = self._window[0].wait()
        with self._lock:
            self._window.popleft()
        for line, outcome in outcomes:
            if isinstance(outcome, BaseException):
                yield Answered(line.line, None, outcome, is_skipped=self._was_skipped(line, outcome))
            else:
                yield Answered(line.line, outcome, None, is_skipped=False)

    def _was_skipped(self, line: _Asked, error: BaseException) -> bool:
        was_withdrawn = self._withdrawn_after is not None and line.line > self._withdrawn_after
        ends_file = isinstance(line.asked, BadLine) and line.asked.ends_file
        return not (was_withdrawn or ends_file or self._ends(error))
