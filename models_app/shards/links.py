"""One web process's connection to one shard, in the event loop of the web process."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from itertools import groupby
from typing import Any, Protocol, cast

import msgspec

from models_app.domain.errors import ChantillyError, ShardUnavailable
from models_app.domain.permits import Permits
from models_app.engine.commands import Answer, Command
from models_app.engine.delivery import deliver
from models_app.engine.ports import Event
from models_app.shards import values
from models_app.shards.calls import WANT_EVENTS
from models_app.shards.values import Call, Elsewhere, Events, Frames, Group

logger = logging.getLogger(__name__)

#: How many commands may be under way to a shard; more are refused.
MAX_UNDER_WAY = 200_000
# What may wait to be sent before commands wait for that.
_BUFFER_BYTES = 4 * 1024 * 1024
_LEAST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0

#: A command and the model that it goes to.
Placed = tuple[Command, str]
#: Connects a protocol to a shard; raises `OSError` where that is not there.
Connector = Callable[[asyncio.Protocol], Awaitable[object]]


def by_socket(path: str) -> Connector:
    """Return what connects by a Unix socket."""

    def connect(protocol: asyncio.Protocol) -> Awaitable[object]:
        return asyncio.get_running_loop().create_unix_connection(lambda: protocol, path)

    return connect


class EventListener(Protocol):
    """Hears of what the shards make durable, in the event loop; must not block."""

    def wants_events(self) -> bool:
        """Say whether anybody listens in this process."""

    def publish(self, events: Sequence[Event]) -> None:
        """Hear of events, those of one model in their order."""

    def missed(self) -> None:
        """Hear that there were others, of which nothing is known."""


class Link(asyncio.Protocol):
    """Sends commands, as many as come in one tick of the loop together, and gives the answers out.

    All of it is used in the loop's thread. What a shard that is lost had not answered is refused: whether it
    was done can be found out by the ids.
    """

    def __init__(
        self,
        number: int,
        connector: Connector,
        *,
        patience: float,
        misplaced: Callable[[Command, str | None], None],
        listener: EventListener,
    ) -> None:
        """`patience` is how many seconds the shard may say nothing while something is asked of it.

        `listener` hears of the shard's events while it wants to.
        """
        self._listener = listener
        self._wants_events = False
        self.number = number
        self._connector = connector
        self._patience = patience
        self._misplaced = misplaced
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._outgoing: list[Placed | Call] = []
        self._is_scheduled = False
        self._is_paused = False
        self._is_ending = False
        self._next = 0
        self._asked: dict[int, Command | Future[Any]] = {}
        self._heard_at = time.monotonic()
        self._connecting: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Say whether the shard is there."""
        return self._transport is not None

    async def connect(self) -> None:
        """Connect, as soon as the shard is there."""
        pause = _LEAST_PAUSE
        while not self._is_ending:
            try:
                await self._connector(self)
            except OSError:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    def end(self) -> None:
        """Leave; what is not answered is refused."""
        self._is_ending = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.close()

    def submit(self, placed: Sequence[Placed]) -> None:
        """Send commands in this tick; where the shard is away they are refused."""
        if self._transport is None or len(self._asked) + len(self._outgoing) > MAX_UNDER_WAY:
            self._refuse([command for command, _ in placed])
            return
        self._outgoing += placed
        self._schedule()

    def call(self, method: str, *arguments: Any) -> Future[Any]:
        """Ask the shard itself; the future raises `ShardUnavailable` where it is away."""
        future: Future[Any] = Future()
        if self._transport is None:
            future.set_exception(self._away())
            return future
        call = Call(self._number(future), method, list(arguments))
        self._outgoing.append(call)
        self._schedule()
        return future

    def look(self) -> None:
        """Ask for events where somebody listens; refuse what a silent shard has been asked for too long."""
        wants = self._listener.wants_events()
        if wants != self._wants_events and self._transport is not None:
            self._wants_events = wants
            self.call(WANT_EVENTS, wants)
        if not self._asked:
            self._heard_at = time.monotonic()
        elif time.monotonic() - self._heard_at > self._patience:
            logger.error("shard %d says nothing: %d requests are refused", self.number, len(self._asked))
            self._lose()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See the protocol."""
        # Not one by its class, where the loop is uvloop's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        self._frames = Frames()
        self._heard_at = time.monotonic()
        logger.info("shard %d is there", self.number)

    def connection_lost(self, _error: Exception | None) -> None:
        """See the protocol."""
        self._transport = None
        self._is_paused = False
        if not self._is_ending:
            logger.warning("shard %d is lost: %d requests are refused", self.number, len(self._asked))
            self._connecting = self._loop.create_task(self.connect())
        self._lose()
        if self._wants_events:
            # What happens until it is asked for again is told to nobody.
            self._wants_events = False
            self._listener.missed()

    def pause_writing(self) -> None:
        """See the protocol."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """See the protocol."""
        self._is_paused = False
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Give out what is answered."""
        self._heard_at = time.monotonic()
        answers: list[Answer] = []
        try:
            for frame in self._frames.feed(data):
                for number, value in values.answers_decoder.decode(frame):
                    self._take(number, value, answers)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            logger.error("shard %d is not understood: %s", self.number, error)
            if self._transport is not None:
                self._transport.abort()
        deliver(answers, here=self._loop)

    def _take(self, number: int, value: values.AnswerValue, answers: list[Answer]) -> None:
        if isinstance(value, Events):
            if value.follow_a_gap:
                self._listener.missed()
            self._listener.publish([values.event_of(event) for event in value.events])
            return
        asked = self._asked.pop(number, None)
        if asked is None:
            # It was given up.
            return
        if isinstance(asked, Command):
            if isinstance(value, Elsewhere):
                self._misplaced(asked, value.name)
                return
            outcome = values.outcome_of(value)
            is_refused = isinstance(outcome, BaseException)
            answers.append((asked, None, outcome) if is_refused else (asked, outcome, None))
            return
        outcome = values.outcome_of(value)
        if isinstance(outcome, BaseException):
            asked.set_exception(outcome)
        else:
            asked.set_result(outcome)

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_scheduled = False
        if self._transport is None or self._is_paused or not self._outgoing:
            return
        outgoing, self._outgoing = self._outgoing, []
        asked: list[Group | Call] = []
        for key, some in groupby(outgoing, _group_key):
            if key is None:
                asked += [each for each in some if isinstance(each, Call)]
            else:
                asked.append(self._group([each[0] for each in some if not isinstance(each, Call)], *key))
        self._transport.write(values.frame(asked))

    def _group(
        self, commands: list[Command], name: str, permits: tuple[str, ...], owner: str | None
    ) -> Group:
        sent = [values.command_value(command) for command in commands]
        first = self._next
        self._next += len(commands)
        self._asked.update(enumerate(commands, start=first))
        return Group(first, name, sent, permits, owner)

    def _number(self, asked: "Command | Future[Any]") -> int:
        number = self._next
        self._next += 1
        self._asked[number] = asked
        return number

    def _lose(self) -> None:
        asked, self._asked = self._asked, {}
        outgoing, self._outgoing = self._outgoing, []
        self._refuse([each for each in asked.values() if isinstance(each, Command)])
        self._refuse([each[0] for each in outgoing if not isinstance(each, Call)])
        for each in asked.values():
            if not isinstance(each, Command):
                each.set_exception(self._away())

    def _refuse(self, commands: Sequence[Command]) -> None:
        deliver([(command, None, self._away()) for command in commands], here=self._loop)

    def _away(self) -> ChantillyError:
        return ShardUnavailable(self.number)


def _group_key(each: "Placed | Call") -> tuple[str, tuple[str, ...], str | None] | None:
    if isinstance(each, Call):
        return None
    command, name = each
    permits = tuple(command.permits.patterns) if isinstance(command.permits, Permits) else ()
    return name, permits, command.lease.owner if command.lease is not None else None
