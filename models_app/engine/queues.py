"""The queue of one model, and the model itself while it is hot."""

from collections import deque
from collections.abc import Iterable, Sequence

from models_app.engine.commands import Command
from models_app.engine.gathering import Gathering
from models_app.engine.hot import HotModel
from models_app.engine.ports import ModelState
from models_app.engine.visits import Visit


class ModelQueue:
    """The queue of one model's name.

    `commands`, `gathering`, `scheduled` and `is_stuck` belong to whoever holds the engine's lock; everything
    else belongs to the one thread that has the queue's turn. `visit` is that thread's last to the model's own
    code; `is_stuck`: it has not come back in time. `contended_until`: other processes write to the model,
    too; `has_turn`: it is our turn among them. `waited_seconds` went by between the last one, which
    ended at `left_at`, and this one. `state` is the row that `hot` was loaded for, but for its seq.
    `n_predictions` and `last_predicted_at` are of predictions that no commit has written down yet.
    """

    __slots__ = (
        "_n_requests",
        "awaits_snapshot",
        "commands",
        "contended_until",
        "gathering",
        "has_turn",
        "hot",
        "is_careful",
        "is_stuck",
        "last_predicted_at",
        "left_at",
        "n_conflicts",
        "n_predictions",
        "n_served",
        "name",
        "rebuilds_after_failure",
        "remarked",
        "scheduled",
        "state",
        "undoes_predictions",
        "visit",
        "waited_seconds",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.commands: deque[Command] = deque()
        self.scheduled = False
        self.is_stuck = False
        self.visit: Visit | None = None
        self.gathering = Gathering()
        # Since the gathering began.
        self._n_requests = 0
        self.hot: HotModel | None = None
        self.state: ModelState | None = None
        self.rebuilds_after_failure = False
        self.awaits_snapshot = False
        #: Whether something of the model could not be scored or written down: each record is by itself then.
        self.is_careful = False
        #: Whether the model is known to change when it predicts.
        self.undoes_predictions = False
        #: The codes of what is written down about the model.
        self.remarked: set[str] = set()
        self.n_conflicts = 0
        self.contended_until = 0.0
        self.has_turn = False
        self.left_at = 0.0
        self.waited_seconds = 0.0
        self.n_predictions = 0
        self.n_served = 0
        self.last_predicted_at: float | None = None

    def add(self, command: Command) -> None:
        """Put a command at the end."""
        self.commands.append(command)
        if self.gathering.is_awaited and command.ends_request:
            self._n_requests += 1
            self.gathering.arrived(self._n_requests)

    def n_expected_after(self, answered: Sequence[Command]) -> int:
        """Return how many requests to expect: those that wait, and who was answered and is to come again.

        0 after records that come in their own time, as a stream's do.
        """
        # For every turn: as generators the loops take several times as long.
        n_expected = n_bundles = 0
        for command in answered:
            bundle = command.bundle
            if bundle is not None and not bundle.is_followed:
                return 0
            if command.ends_request:
                n_expected += 1
                n_bundles += bundle is not None
        if self.commands:
            # Whose next bundle waits already does not come once more.
            n_expected += n_requests(self.commands) - min(n_bundles, _n_followed(self.commands))
        return n_expected

    def begin_gathering(self, now: float) -> bool:
        """Say whether to wait for requests that are about to come; see `Gathering.begin`."""
        if not self.gathering.n_expected:
            # A stream's queue is long.
            return False
        self._n_requests = n_requests(self.commands)
        return self.gathering.begin(self._n_requests, now)

    def take(self, limit: int) -> list[Command]:
        """Remove and return what makes up the next batch: some requests, or one that is to be alone."""
        batch: list[Command] = []
        while self.commands and len(batch) < limit:
            if self.commands[0].is_alone:
                return batch or [self.commands.popleft()]
            batch.append(self.commands.popleft())
        return batch

    def put_back(self, commands: Iterable[Command]) -> None:
        """Put commands in front again, in their order."""
        self.commands.extendleft(reversed(list(commands)))

    @property
    def knows_nothing(self) -> bool:
        """Say whether a new queue would do as well."""
        return self.hot is None and not self.rebuilds_after_failure and self.n_predictions == 0

    def drop_hot(self) -> None:
        """Forget the object in memory; the next turn rebuilds it from storage."""
        self.hot = None

    def forget(self) -> None:
        """Forget everything: the model does not exist any more."""
        self.hot = None
        self.state = None
        self.rebuilds_after_failure = self.is_careful = False
        self.n_predictions = 0


def n_requests(commands: Iterable[Command]) -> int:
    """Return how many requests commands are of: some are answered together."""
    n = 0
    for command in commands:
        if command.ends_request:
            n += 1
    return n


def _n_followed(commands: Iterable[Command]) -> int:
    """Return how many of these requests are bundles that are followed."""
    n = 0
    for command in commands:
        if command.ends_request and command.bundle is not None and command.bundle.is_followed:
            n += 1
    return n
