"""Commands to a hot model."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from models_app.domain.features import Features
from models_app.domain.learns import Learn
from models_app.domain.quotas import Allowance
from models_app.domain.scoring import GroundTruth
from models_app.engine.tracing import Trace, current_trace

if TYPE_CHECKING:
    from models_app.engine.bundles import Bundle
    from models_app.engine.hot import HotModel
    from models_app.engine.ports import ModelState


class Receiver(Protocol):
    """A receiver of an answer in an event loop: a future, or what does as much with less."""

    def done(self) -> bool:
        """Say whether nobody waits any more."""

    def set_result(self, result: Any) -> None:
        """Take the result."""

    def set_exception(self, error: BaseException) -> None:
        """Take what was raised."""


class Outbox(ABC):
    """Takes the answers to commands that somebody waits for who is in no event loop of this process."""

    @abstractmethod
    def take(self, answers: "Sequence[Answer]") -> None:
        """Take some answers; called in engine threads, must not block."""


class Command:
    """One request to one model.

    `name` is the model's, once it is known. A command whose name was guessed (the default model, the model of
    a prediction's id) is routed again where the guess proves wrong. `relies_on_default`: it is meant for a
    model as long as that is the default. `commits`: unless refused, it leaves something in the database.
    `permits`: where set, says of a model's name whether who asks may use that model.
    """

    __slots__ = (
        "bundle", "ends_request", "future", "lease", "loop", "name", "permits", "position", "queued_at",
        "relies_on_default", "trace", "was_misrouted",
    )  # fmt: skip
    commits = False
    #: Whether somebody's prediction or learn waits for it.
    is_timed = True
    #: Whether it makes up a batch by itself: it may take long, or must not share a commit that may fail.
    is_alone = False

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.relies_on_default = name is None
        self.was_misrouted = False
        self.loop: asyncio.AbstractEventLoop | Outbox | None = None
        self.future: asyncio.Future[Any] | Future[Any] | Receiver = _NOBODY
        self.bundle: Bundle | None = None
        self.position = 0
        #: Whether it is a request by itself, or the last command of those that are answered together.
        self.ends_request = True
        self.permits: Callable[[str], bool] | None = None
        #: What counts that it is under way, until it is answered.
        self.lease: Allowance | None = None
        self.trace: Trace | None = None
        # On the clock of `time.perf_counter`; set when the command is queued.
        self.queued_at = 0.0

    def answered_in_loop(self) -> asyncio.Future[Any]:
        """Return a future of the running event loop for the answer."""
        self.loop = asyncio.get_running_loop()
        self.trace = current_trace.get()
        self.future = future = self.loop.create_future()
        return future

    def answered_to(self, receiver: Receiver) -> None:
        """Have the answer given to a receiver, in the running event loop."""
        self.loop = asyncio.get_running_loop()
        self.trace = current_trace.get()
        self.future = receiver

    def answered_in_thread(self) -> Future[Any]:
        """Return a future for a thread to wait on."""
        self.future = future = Future[Any]()
        return future


_NOBODY: Future[Any] = Future()
_NOBODY.set_result(None)

#: A command with its result, or with what was raised instead.
Answer = tuple[Command, Any, BaseException | None]


class Predict(Command):
    """Predict; with an id, keep the features and the prediction until the ground truth comes.

    `text` is the features' JSON, `x` its first decoding; where it `has_members`, both are of an object of the
    request's members by their names. `received_at` is in seconds since the epoch.
    """

    __slots__ = ("commits", "has_members", "prediction_id", "received_at", "text", "x")

    def __init__(
        self,
        name: str | None,
        text: bytes,
        x: Features,
        prediction_id: str | None,
        received_at: float,
    ) -> None:
        super().__init__(name)
        self.has_members = False
        self.text = text
        self.x = x
        self.prediction_id = prediction_id
        self.commits = prediction_id is not None
        self.received_at = received_at


class PredictInDetail(Predict):
    """Predict, and answer what else the model has to say of it, by `options`: a third part of the answer."""

    __slots__ = ("options",)

    def __init__(self, asked: Predict, options: tuple[str, ...]) -> None:
        super().__init__(asked.name, asked.text, asked.x, asked.prediction_id, asked.received_at)
        self.has_members = asked.has_members
        self.options = options


class LearnById(Command):
    """Score a pending prediction and learn from its features.

    It is for the model that predicted it. Another one that is named learns from the same features instead,
    and is scored by what it predicts of them now.
    """

    __slots__ = ("ground_truth", "prediction_id", "received_at")
    commits = True

    def __init__(
        self, name: str | None, prediction_id: str, ground_truth: GroundTruth, received_at: float
    ) -> None:
        super().__init__(name)
        self.relies_on_default = False
        self.prediction_id = prediction_id
        self.ground_truth = ground_truth
        self.received_at = received_at


class LearnFeatures(Command):
    """Predict, score and learn from the features that came along; `text`, `x` and so on are `Predict`'s."""

    commits = True
    __slots__ = ("ground_truth", "has_members", "received_at", "text", "x")

    def __init__(
        self,
        name: str | None,
        text: bytes,
        x: Features,
        ground_truth: GroundTruth,
        received_at: float,
    ) -> None:
        super().__init__(name)
        self.has_members = False
        self.text = text
        self.x = x
        self.ground_truth = ground_truth
        self.received_at = received_at


@dataclass(frozen=True, slots=True)
class ReplayTarget:
    """The replay that records are learned for, the generation that learns them, and what is scored.

    That is what the model predicts when it learns again, or the predictions that were answered then.
    """

    replay_id: int
    generation: int
    scores_answers: bool


class LearnAgain(Command):
    """Learn a record of an earlier generation's journal again.

    `seq` is the record's in its own journal; the replay has learned all that stands before it.
    """

    commits = True
    __slots__ = ("ground_truth", "learn", "received_at", "seq", "target")

    def __init__(self, name: str, learn: Learn, target: ReplayTarget, seq: int, received_at: float) -> None:
        super().__init__(name)
        self.learn = learn
        self.ground_truth = learn.y_true()
        self.target = target
        self.seq = seq
        self.received_at = received_at


class Inspect(Command):
    """Answer with the model's `Vitals`."""

    __slots__ = ()
    is_timed = False


class Describe(Command):
    """Answer with the model as it draws itself, as HTML."""

    __slots__ = ()
    is_timed = False
    is_alone = True


class Export(Command):
    """Answer with the model's bytes."""

    __slots__ = ()
    is_timed = False
    is_alone = True


class Maintenance(Command):
    """Work on what is durable: it never shares a batch with requests whose commit may still fail."""

    __slots__ = ()
    is_timed = False
    is_alone = True


class TakeSnapshot(Maintenance):
    """Take a snapshot unless the newest is at the model's seq; answer with the seq.

    `note` is called with the seq in the transaction that writes one down. For an engine in another process,
    which has to make it anew, `actor` says who asks for the snapshot, and from where.
    """

    __slots__ = ("actor", "note")

    def __init__(
        self,
        name: str,
        note: Callable[[int], None] | None = None,
        *,
        actor: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(name)
        self.note = note
        self.actor = actor


class TakeDueSnapshot(Maintenance):
    """Take a snapshot if one is due; what fails is logged."""

    __slots__ = ()


class SnapshotThenAnswer(Maintenance):
    """Take a snapshot of what no replay would lead to, then give the answers that are `owed`.

    What was learned is durable already: whatever comes of the snapshot, they are given, and once.
    """

    __slots__ = ("hot", "state")

    def __init__(self, state: "ModelState", hot: "HotModel", owed: Receiver) -> None:
        super().__init__(state.name)
        self.state = state
        self.hot = hot
        self.future = owed


class Load(Maintenance):
    """Make the model hot."""

    __slots__ = ()


class Evict(Maintenance):
    """Take a snapshot and free the memory."""

    __slots__ = ()


class SaveActivity(Maintenance):
    """Write the counts of predictions that nothing else made durable."""

    __slots__ = ()
