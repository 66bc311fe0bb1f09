"""Which model a request is for, when it does not say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from models_app.domain.errors import NoDefaultModel, PredictionNotPending
from models_app.engine.commands import Answer, Command, LearnById, Predict
from models_app.engine.ports import Pending, Storage

# Some 200 bytes each.
_MAX_HINTS = 100_000


Placed = tuple[Command, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Answers of the database: on the ids that were asked for, and which model is the default."""

    pending: dict[str, Pending]
    default_name: str | None


class Misplaced(Exception):
    """The command is for a model that is served elsewhere, as its name says."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Directory:
    """Names that this process remembers: guesses, each checked against the database when it is used.

    Ids that were predicted here lead to their model without a look-up, so that a learn never waits in the
    queue of a model that is not its own.
    """

    def __init__(self) -> None:
        self.default_name: str | None = None
        self._model_by_id: dict[str, str] = {}

    def guess(self, command: Command) -> str | None:
        """Return the name of the model to try; None where only the database knows.

        Not thread-safe: to be called under the engine's lock.
        """
        if isinstance(command, LearnById):
            # First to the model of the id, whatever model is named: its prediction may be under way there. It
            # is remembered when it was learned, too: what else is asked of it keeps its place in the queue.
            return self._model_by_id.get(command.prediction_id)
        name = command.name or self.default_name
        if name is not None:
            self.note(command, name)
        return name

    def note(self, command: Command, name: str) -> None:
        """Remember where a prediction with an id goes; for use under the engine's lock."""
        if isinstance(command, Predict) and command.prediction_id is not None:
            self._remember(command.prediction_id, name)

    def place(self, commands: Sequence[Command], found: Found) -> tuple[list[Placed], list[Answer]]:
        """Return where commands belong by what the database says, and the refusals.

        Not thread-safe: to be called under the engine's lock.
        """
        if not all(isinstance(command, LearnById) for command in commands):
            self.default_name = found.default_name
        placed: list[Placed] = []
        refused: list[Answer] = []
        for command in commands:
            name = self._place(command, found)
            if name is not None:
                placed.append((command, name))
            elif isinstance(command, LearnById):
                refused.append((command, None, PredictionNotPending(command.prediction_id)))
            else:
                refused.append((command, None, NoDefaultModel()))
        return placed, refused

    def _place(self, command: Command, found: Found) -> str | None:
        if not isinstance(command, LearnById):
            return self.guess(command)
        pending = found.pending.get(command.prediction_id)
        if pending is not None:
            return command.name or pending.model_name
        # What was predicted just before it in the same stream is not in the database yet; but it may be a
        # wrong guess that led here.
        return None if command.was_misrouted else self.guess(command)

    def _remember(self, prediction_id: str, name: str) -> None:
        self._model_by_id[prediction_id] = name
        if len(self._model_by_id) > _MAX_HINTS:
            del self._model_by_id[next(iter(self._model_by_id))]


def look_up(storage: Storage, commands: Sequence[Command]) -> Found:
    """Ask the database what placing the commands takes; raises `StorageUnavailable`."""
    ids = [command.prediction_id for command in commands if isinstance(command, LearnById)]
    return Found(
        pending=storage.pending(ids) if ids else {},
        default_name=storage.default_name() if len(ids) < len(commands) else None,
    )
