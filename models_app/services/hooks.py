"""The hooks of the services, all of them: who wants to hear of something adds a listener here.

The admin has two more of the same kind, for panels (`models_app.admin.panels`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from models_app.domain.scoring import Scores
from models_app.engine.ports import Event, ModelState
from models_app.journal.keeping import Sealed

if TYPE_CHECKING:
    from models_app.services.finding import Served
    from models_app.services.judging import Standing

Listener = TypeVar("Listener")


class Hook(Generic[Listener]):
    """Listeners, in the order in which they were added.

    >>> hook: Hook[str] = Hook()
    >>> hook.add("first")
    >>> hook.add("second")
    >>> list(hook)
    ['first', 'second']
    """

    def __init__(self) -> None:
        #: Where there is no time for an iterator of its own.
        self.listeners: list[Listener] = []

    def add(self, listener: Listener) -> None:
        """Add a listener, for as long as the process lives."""
        self.listeners.append(listener)

    def __iter__(self) -> Iterator[Listener]:
        return iter(self.listeners)


class Subscriber(Protocol):
    """Hears of predictions and learns. Called in engine threads; must not block."""

    def wants_events(self) -> bool:
        """Say whether to call `receive` at all: where nobody wants events, none is built."""

    def receive(self, events: Sequence[Event]) -> None:
        """Hear of what one commit made durable, in order."""


Callback = Callable[[], None]

#: Predictions and learns, once they are durable.
events: Hook[Subscriber] = Hook()
#: Called where events of other processes were lost on their way; must not block.
gaps: Hook[Callback] = Hook()
#: Called, in engine threads, with a model, the seq of the first of its learns, and what they scored; must not
#: block.
scores: Hook[Callable[[ModelState, int, Sequence[Scores]], None]] = Hook()
#: Called with the route (`predict`, `learn`) and the nanoseconds of each call that was answered or refused.
calls: Hook[Callable[[str, int], None]] = Hook()
#: Called with the route and the HTTP status of each call that is refused.
refusals: Hook[Callable[[str, int], None]] = Hook()
#: As `events`, but of this process's own engine alone: for who carries them to other servers.
relays: Hook[Subscriber] = Hook()
#: Called within the transaction that takes records out of a model's journal, with its primary key and, of
#: each generation that had some, the first learn that has gone: what was made of that one or a later one has
#: to go, too. What it raises stops the forgetting.
forgettings: Hook[Callable[[int, Mapping[int, int]], None]] = Hook()
#: Called in a server with the name of a model from which something was forgotten, here or by a command: what
#: is in memory of it has to go.
forgotten: Hook[Callable[[str], None]] = Hook()
#: Called within the transaction that erases everything; what it raises stops the erasing.
erasures: Hook[Callback] = Hook()
#: Called every few seconds in each process that answers clients, in the thread that keeps house.
housekeeping: Hook[Callback] = Hook()
#: Called every few seconds in one process of all that serve the database: what is not to be done twice.
duties: Hook[Callback] = Hook()
#: Called before the first of the duties, and again where another process may have had them meanwhile: what
#: is remembered of them is not to be relied on.
takeovers: Hook[Callback] = Hook()
#: Called every second by the same thread: for what is to be seen at once.
sampling: Hook[Callback] = Hook()
#: Called once a server's engine runs, before it answers anybody.
startup: Hook[Callback] = Hook()
#: Called for what is stored with a signature of the secret key, to be signed anew.
sealed: Hook[Callable[[], Iterator[Sealed]]] = Hook()
#: Called when the server is asked to stop, before it waits for what is under way.
shutdown: Hook[Callback] = Hook()
#: Called with models; returns how they do, by name.
judges: "Hook[Callable[[Sequence[Served]], Mapping[str, Standing]]]" = Hook()
