"""Commands that are not served: answered with an error, logged and counted."""

import logging
from collections.abc import Sequence

from models_app.domain.errors import ChantillyError, code_of
from models_app.engine.commands import Command
from models_app.engine.delivery import deliver
from models_app.engine.hiding import hidden
from models_app.engine.queues import ModelQueue
from models_app.engine.repeats import Repeats
from models_app.engine.timings import TimingsByModel

logger = logging.getLogger(__name__)
repeated = Repeats(logger)


class Refusals:
    """Refuses commands. Any number of threads share it."""

    __slots__ = ("_timings",)

    def __init__(self, timings: TimingsByModel) -> None:
        self._timings = timings

    def refuse(self, queue: ModelQueue, commands: Sequence[Command], error: BaseException) -> None:
        """Answer commands with an error, log it and count it."""
        error = hidden(error, queue.state)
        if isinstance(error, ChantillyError):
            repeated.warning(
                str(error), "'%s' could not serve %d requests: %s", queue.name, len(commands), error
            )
        else:
            logger.error("'%s' could not serve %d requests", queue.name, len(commands), exc_info=error)
        deliver([(command, None, error) for command in commands])
        self.note(queue, commands, error)

    def note(self, queue: ModelQueue, commands: Sequence[Command], error: BaseException) -> None:
        """Count what was refused before it could be served."""
        n_timed = sum(command.is_timed for command in commands)
        state = queue.state
        if state is not None and n_timed:
            self._timings.of(state).refused[code_of(error)] += n_timed
