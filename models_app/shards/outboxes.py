"""The answers of a shard on their way to a web process."""

import logging
import socket
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from models_app.domain.errors import StorageUnavailable
from models_app.engine.commands import Answer, Outbox
from models_app.engine.routing import Misplaced
from models_app.engine.vitals import Vitals
from models_app.shards import values
from models_app.shards.values import Answered, AnswerValue, Elsewhere

logger = logging.getLogger(__name__)

# Who does not read so much of what it has asked for is given up.
_MAX_WAITING_BYTES = 256 * 1024 * 1024
# What is said of the last learns takes a moment to compute: not in the threads that serve models.
_aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="figures")


class FrameOutbox(Outbox):
    """Sends answers in frames, from the threads that have them."""

    @property
    @abstractmethod
    def n_waiting_bytes(self) -> int:
        """The size of what the other end has still to read."""

    @abstractmethod
    def put(self, data: bytes) -> None:
        """Send a frame; called in engine threads, never waits for who reads."""

    @abstractmethod
    def close(self) -> None:
        """Send no more."""

    def take(self, answers: Sequence[Answer]) -> None:
        """See the base."""
        said: list[Answered] = []
        for command, result, error in answers:
            outcome = result if error is None else error
            if isinstance(outcome, Vitals):
                _aside.submit(self._tell_aside, command.position, outcome)
            else:
                said.append((command.position, _value(outcome)))
        if said:
            self.send(said)

    def send(self, said: Sequence[Answered]) -> None:
        """Send answers, by the numbers of what was asked."""
        self.put(values.frame(said))

    def _tell_aside(self, number: int, vitals: Vitals) -> None:
        try:
            self.send([(number, _value(vitals))])
        except Exception:
            logger.exception("figures could not be sent")


class ConnectionOutbox(FrameOutbox):
    """Sends answers over one connection, from the threads that have them.

    No thread of an engine ever waits for who reads slowly: what does not fit goes out in a thread for that.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._has_more = threading.Condition(self._lock)
        self._waiting: deque[bytes] = deque()
        self._n_bytes = 0
        self._is_closed = False
        self._writer: threading.Thread | None = None

    @property
    def n_waiting_bytes(self) -> int:
        """See the base."""
        return self._n_bytes

    def put(self, data: bytes) -> None:
        """See the base."""
        with self._lock:
            if self._is_closed:
                return
            if not self._waiting:
                data = data[self._send_now(data) :]
            if data:
                self._wait_with(data)

    def close(self) -> None:
        """See the base."""
        with self._lock:
            self._is_closed = True
            self._waiting.clear()
            self._has_more.notify()

    def _send_now(self, data: bytes) -> int:
        try:
            return self._connection.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError:
            # Nobody is there any more: who reads here notices.
            return len(data)

    def _wait_with(self, data: bytes) -> None:
        self._waiting.append(data)
        self._n_bytes += len(data)
        if self._n_bytes > _MAX_WAITING_BYTES:
            logger.error("a web process does not read its answers: its connection is closed")
            self._is_closed = True
            self._waiting.clear()
            self._connection.shutdown(socket.SHUT_RDWR)
        elif self._writer is None:
            self._writer = threading.Thread(target=self._write, name="answers", daemon=True)
            self._writer.start()
        self._has_more.notify()

    def _write(self) -> None:
        while True:
            with self._lock:
                self._has_more.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                data = self._waiting[0]
            try:
                self._connection.sendall(data)
            except OSError:
                self.close()
                return
            with self._lock:
                if self._waiting:
                    # Only now: until then nobody else sends.
                    self._waiting.popleft()
                    self._n_bytes -= len(data)


def _value(outcome: Any) -> AnswerValue:
    if isinstance(outcome, Misplaced):
        return Elsewhere(outcome.name)
    try:
        return values.answer_value(outcome)
    except Exception as error:
        # What one command has said must not cost the others their answers.
        logger.exception("an answer cannot be sent")
        return values.answer_value(StorageUnavailable(f"The answer could not be sent: {error}."))
