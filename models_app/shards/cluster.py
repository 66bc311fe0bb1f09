"""The shards in the place of an engine: commands go to whoever owns their model."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from models_app.domain.errors import ServerStopping, ShardUnavailable
from models_app.engine.commands import Command
from models_app.engine.delivery import deliver
from models_app.engine.ports import Storage
from models_app.engine.routing import Directory, Found, look_up
from models_app.engine.timings import Timings
from models_app.shards import values
from models_app.shards.links import Connector, EventListener, Link, Placed, by_socket
from models_app.shards.slots import shard_of

logger = logging.getLogger(__name__)

# A shard that says nothing about itself for so long is asked no further, in seconds.
_PATIENCE_SECONDS = 2.0
# Who begins to listen hears of what happens from so long after.
_LOOK_SECONDS = 0.1


def socket_of(folder: Path, number: int) -> Path:
    """Return where a shard listens."""
    return folder / f"shard-{number}.sock"


def by_sockets(folder: Path) -> Callable[[int], Connector]:
    """Return what connects to shards by their sockets."""
    return lambda number: by_socket(str(socket_of(folder, number)))


class Cluster:
    """Serves commands as an engine does, by the engines of other processes.

    It lives in the event loop of a web process; any thread may submit to it, and wait.
    """

    def __init__(  # noqa: PLR0913  # what it is wired to
        self,
        storage: Storage,
        *,
        connector: Callable[[int], Connector],
        n_shards: int,
        loop: asyncio.AbstractEventLoop,
        patience: float,
        listener: EventListener,
    ) -> None:
        """`connector` returns, by a shard's number, what connects to it.

        `patience` is how many seconds a shard may say nothing while something is asked of it.
        """
        self._storage = storage
        self._loop = loop
        self._connector = connector
        self._n_shards = n_shards
        self._patience = patience
        self._listener = listener
        self._links: list[Link] = []
        self._directory = Directory()
        # Those that only the database can place, and what came after them.
        self._unrouted: list[Command] = []
        self._is_routing = False
        self._accepts = False
        self._watching: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Say whether commands are accepted and every shard is there."""
        return self._accepts and all(link.is_up for link in self._links)

    @property
    def n_hot(self) -> int:
        """The number of hot models."""
        return sum(self._ask_all("n_hot"))

    def away(self) -> list[int]:
        """Return the numbers of the shards that are not there."""
        return [link.number for link in self._links if not link.is_up]

    def start(self) -> None:
        """Connect to all shards, and return when they are there; not for the loop's thread."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    async def _start(self) -> None:
        self._links = [
            Link(
                number,
                self._connector(number),
                patience=self._patience,
                misplaced=self._place_again,
                listener=self._listener,
            )
            for number in range(self._n_shards)
        ]
        await asyncio.gather(*(link.connect() for link in self._links))
        self._watching = self._loop.create_task(self._watch())
        self._accepts = True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for link in self._links:
                link.look()

    def stop(self, *, seconds: float) -> None:
        """Accept no more, and leave; the shards go on with what they have."""
        self._accepts = False
        self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        for link in self._links:
            link.end()

    def watch_models(self, seconds: float) -> None:
        """Leave it to the shards to refuse who waits for a model that does not come back."""

    def preload(self) -> None:
        """Leave it to the shards to make models hot."""

    def save_activity(self) -> None:
        """Leave it to the shards to have their counts written."""

    def hurry(self, *, seconds: float) -> None:
        """Have the shards refuse who waits for models that are not quick, and in `seconds` whoever waits."""
        self._tell_all("hurry", seconds)

    def submit(self, command: Command) -> None:
        """Send a command to its model. Raises `ServerStopping`."""
        if not self._accepts:
            raise ServerStopping
        if not self._is_here():
            self._loop.call_soon_threadsafe(self._dispatch, [command])
        elif self._is_routing or (name := self._directory.guess(command)) is None:
            self._dispatch([command])
        else:
            self._owner(name).submit([(command, name)])

    def submit_many(self, commands: Iterable[Command]) -> None:
        """Send commands to their models, in their order. Raises `ServerStopping`; then none is."""
        if not self._accepts:
            raise ServerStopping
        commands = list(commands)
        if self._is_here():
            self._dispatch(commands)
        else:
            self._loop.call_soon_threadsafe(self._dispatch, commands)

    def call(self, command: Command, *, seconds: float | None = None) -> Any:
        """Submit a command and wait for its answer in this thread; raises what the command raises."""
        future = command.answered_in_thread()
        self.submit(command)
        return future.result(timeout=seconds)

    def hot_names(self) -> set[str]:
        """Return the names of the hot models."""
        return {name for names in self._ask_all("hot_names") for name in names}

    def busy_models(self) -> dict[str, float]:
        """Return for how many seconds models have been busy with what they do now, from one second on."""
        return {name: seconds for busy in self._ask_all("busy_models") for name, seconds in busy.items()}

    def timings(self) -> dict[str, Timings]:
        """Return, by model, how long requests waited and how long computing and committing took."""
        return {
            name: values.timings_of(value)
            for timings in self._ask_all("timings")
            for name, value in timings.items()
        }

    def find_timings(self, name: str, model_id: int, generation: int) -> Timings | None:
        """Return those of one upload; None: it has not been served."""
        found = self._results([self._ask(self._owner(name), "find_timings", name, model_id, generation)])
        return values.timings_of(found[0]) if found and found[0] is not None else None

    def forget_default(self) -> None:
        """Look the default model up anew: it may be another one."""
        self._directory.default_name = None
        self._tell_all("forget_default")

    def forget(self, name: str) -> None:
        """Have nothing in memory of a model that the database has not any more."""
        self._tell_all("forget", name)

    def _owner(self, name: str) -> Link:
        return self._links[shard_of(name, self._n_shards)]

    def _dispatch(self, commands: Sequence[Command]) -> None:
        """Send commands to the owners of their models; in the loop's thread."""
        placed: dict[int, list[Placed]] = {}
        for command in commands:
            # While some wait to be placed, nobody overtakes them: they may be of the same stream.
            name = None if self._unrouted or self._is_routing else self._directory.guess(command)
            if name is None:
                self._unrouted.append(command)
            else:
                placed.setdefault(shard_of(name, self._n_shards), []).append((command, name))
        for number, some in placed.items():
            self._links[number].submit(some)
        self._route()

    def _place_again(self, command: Command, name: str | None) -> None:
        """Send a command on that came to the wrong shard."""
        command.was_misrouted = True
        if command.relies_on_default:
            self._directory.default_name = name
        if name is None:
            self._unrouted.append(command)
            self._route()
        else:
            self._owner(name).submit([(command, name)])

    def _route(self) -> None:
        if self._unrouted and not self._is_routing:
            self._is_routing = True
            commands, self._unrouted = self._unrouted, []
            looking = self._loop.run_in_executor(None, look_up, self._storage, commands)
            looking.add_done_callback(lambda found: self._found(commands, found))

    def _found(self, commands: list[Command], looked: "asyncio.Future[Found]") -> None:
        self._is_routing = False
        error = looked.exception()
        if error is not None:
            deliver([(command, None, error) for command in commands], here=self._loop)
        else:
            placed, refused = self._directory.place(commands, looked.result())
            for command, name in placed:
                self._owner(name).submit([(command, name)])
            deliver(refused, here=self._loop)
        waiting, self._unrouted = self._unrouted, []
        self._dispatch(waiting)

    def _is_here(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def _ask_all(self, method: str, *arguments: Any) -> list[Any]:
        """Return what the shards say, as far as they are there; not for the loop's thread."""
        return self._results([self._ask(link, method, *arguments) for link in self._links])

    def _ask(self, link: Link, method: str, *arguments: Any) -> Future[Any]:
        """Ask a shard from another thread than the loop's."""
        asked: Future[Any] = Future()

        def ask() -> None:
            link.call(method, *arguments).add_done_callback(lambda done: _pass_on(done, asked))

        if self._is_here():
            raise RuntimeError("the event loop must not wait for a shard")
        self._loop.call_soon_threadsafe(ask)
        return asked

    def _results(self, asked: Sequence[Future[Any]]) -> list[Any]:
        results = []
        for future in asked:
            try:
                results.append(future.result(timeout=_PATIENCE_SECONDS))
            except (ShardUnavailable, TimeoutError):
                # What is there is of use still.
                continue
        return results

    def _tell_all(self, method: str, *arguments: Any) -> None:
        def tell() -> None:
            for link in self._links:
                link.call(method, *arguments)

        if self._is_here():
            tell()
        else:
            self._loop.call_soon_threadsafe(tell)


def _pass_on(done: Future[Any], asked: Future[Any]) -> None:
    error = done.exception()
    if error is not None:
        asked.set_exception(error)
    else:
        asked.set_result(done.result())
