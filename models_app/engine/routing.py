"""Which model a request is for, when it does not say so."""

from collections.abc import Iterable

from models_app.domain.errors import NoDefaultModel, PredictionNotPending
from models_app.engine.commands import Answer, Command, LearnById, Predict
from models_app.engine.ports import Storage

# Some 200 bytes each.
_MAX_HINTS = 100_000


class Directory:
    """What this process remembers of names: guesses, each checked against the database when it is used.

    Ids that were predicted here lead to their model without a look-up, so that a learn never waits in the
    queue of a model that is not its own.
    """

    def __init__(self) -> None:
        self.default_name: str | None = None
        self._model_by_id: dict[str, str] = {}

    def guess(self, command: Command) -> str | None:
        """Return the name of the model to try; None where only the database can tell.

        Not thread-safe: to be called under the engine's lock.
        """
        if isinstance(command, LearnById):
            # The model of the id has precedence over one that the request names.
            return self._model_by_id.pop(command.prediction_id, None)
        name = command.name or self.default_name
        if name is not None and isinstance(command, Predict) and command.prediction_id is not None:
            self._remember(command.prediction_id, name)
        return name

    def _remember(self, prediction_id: str, name: str) -> None:
        self._model_by_id[prediction_id] = name
        if len(self._model_by_id) > _MAX_HINTS:
            del self._model_by_id[next(iter(self._model_by_id))]


def look_up(
    storage: Storage, directory: Directory, commands: Iterable[Command]
) -> tuple[list[tuple[Command, str]], list[Answer]]:
    """Ask the database where commands belong; return those with their model's name, and the refusals.

    Raises `StorageUnavailable`.
    """
    commands = list(commands)
    ids = [command.prediction_id for command in commands if isinstance(command, LearnById)]
    pending = storage.pending(ids) if ids else {}
    if len(ids) < len(commands):
        directory.default_name = storage.default_name()
    routed: list[tuple[Command, str]] = []
    refused: list[Answer] = []
    for command in commands:
        if isinstance(command, LearnById):
            found = pending.get(command.prediction_id)
            if found is None:
                refused.append((command, None, PredictionNotPending(command.prediction_id)))
            else:
                routed.append((command, found.model_name))
        elif directory.default_name is None:
            refused.append((command, None, NoDefaultModel()))
        else:
            routed.append((command, directory.default_name))
    return routed, refused
