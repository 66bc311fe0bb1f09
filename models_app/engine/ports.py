"""Ports of the engine to storage and its surroundings. Pure Python: the ORM stands behind them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction
from models_app.domain.remarks import Remark
from models_app.domain.scoring import GroundTruth, Scores

#: Hears of the seq of a snapshot in the transaction that keeps it.
Note = Callable[[int], None]


class Conflict(Exception):
    """The rows are not those the batch started from: somebody else was quicker. Nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """A served model's row, without its bytes. `generation` grows with each upload and with each rollback.

    `predict_method` is what a prediction calls; empty: the flavor's own. `is_read_only`: it learns nothing.
    `features_kept` is how its features are shown, as the row says it; `hides_features`: not as they are.
    """

    model_id: int
    name: str
    flavor: str
    generation: int
    seq: int
    is_default: bool
    predict_method: str = ""
    is_read_only: bool = False
    features_kept: str = ""
    hides_features: bool = False


class Pending(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A prediction that awaits its ground truth.

    `features` and `prediction` are JSON texts; `token` is drawn anew each time the id is predicted, so that
    a claim takes just the row that was read. `predicted_at` is in seconds since the epoch, `flavor` the
    model's. `is_learned`: it has learned from the features, without a ground truth, which may come yet.
    `owner` is whose quota it counts in.
    """

    prediction_id: str
    model_id: int
    model_name: str
    token: int
    features: str
    prediction: str
    predicted_at: float
    flavor: str
    is_learned: bool = False
    owner: str | None = None


class Segment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Learns `first_seq` to `last_seq` of one model, as one commit wrote them."""

    first_seq: int
    last_seq: int
    learns: Sequence[Learn]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotData:
    """A model and its metrics, pickled, as they were after learn `seq`; `values` are the metrics' by name."""

    seq: int
    model: bytes
    metrics: bytes
    values: dict[str, float | None] = field(default_factory=dict)


class Replayed:
    """The progress of a replay by a batch: from after record `after_seq` up to record `seq`."""

    __slots__ = ("after_seq", "seq")

    def __init__(self, *, after_seq: int) -> None:
        self.after_seq = self.seq = after_seq


@dataclass(slots=True, kw_only=True)
class Write:
    """All that one batch changes, in one transaction.

    `seq` is the model's before the batch. `relies_on_default`: some of the batch is this model's only as long
    as it is the default. `replayed` is by the replay's id.
    """

    state: ModelState
    seq: int
    relies_on_default: bool = False
    learns: list[Learn] = field(default_factory=list)
    predicted: dict[str, Pending] = field(default_factory=dict)
    claimed: list[Pending] = field(default_factory=list)
    n_predictions: int = 0
    last_predicted_at: float | None = None
    replayed: dict[int, Replayed] = field(default_factory=dict)

    @property
    def is_needed(self) -> bool:
        """Say whether anything must be durable before the batch is answered."""
        return bool(self.learns or self.predicted or self.claimed)


class Recorded(Protocol):
    """The state that a hot model is rebuilt from."""

    def last_learned_at(self, state: ModelState) -> float:
        """Return when the model has last learned, in any generation, in seconds since the epoch, or 0.0."""

    def snapshots(self, state: ModelState) -> Iterator[SnapshotData]:
        """Yield the generation's snapshots that load here, the newest first.

        Raises `ModelNotLoadable` where none does.
        """

    def segments(self, state: ModelState, after_seq: int) -> Iterator[Segment]:
        """Yield the generation's segments with learns after `after_seq`, in order."""


class Storage(Recorded, Protocol):
    """The database. Every method raises `StorageUnavailable` where it cannot be read or written."""

    def find_state(self, name: str) -> ModelState | None:
        """Return the row of the model called `name`."""

    def default_name(self) -> str | None:
        """Return the name of the default model."""

    def recent_names(self, limit: int) -> list[str]:
        """Return the names of the models used last, the latest first."""

    def pending(self, prediction_ids: Sequence[str]) -> dict[str, Pending]:
        """Return those of the predictions that are pending, whatever their model."""

    def commit(self, writes: Sequence[Write]) -> "list[int | Conflict | None]":
        """Write batches of several models durably, in one transaction.

        Return for each its segment's id (None without learns), or a `Conflict`: the model has no longer the
        generation and the seq that the batch started from, its features are shown in another way, it is not
        the default though the batch relies on that, a claimed row is gone, or a replay is not where the batch
        goes on with it. Of a batch with a conflict nothing is written; the others are.
        """

    def enter_turn(self, name: str, seconds: float) -> bool:
        """Wait that long for other processes that have a turn at the model; say whether it is ours now.

        It is until `leave_turn`. A turn keeps away who asks for one, and nobody else.
        """

    def leave_turn(self, name: str) -> None:
        """End the turn that `enter_turn` has begun."""

    def save_activity(self, write: Write) -> None:
        """Add the predictions that nothing else made durable to the model's counts, whatever its seq."""

    def add_remark(self, state: ModelState, remark: Remark) -> None:
        """Add to what there is to know about the model; a remark of the same code is replaced."""

    def expect_snapshot(self) -> None:
        """Raise where a snapshot, which is dear to make, could not be kept, as far as is known."""

    def save_snapshot(self, state: ModelState, data: SnapshotData, note: Note | None = None) -> None:
        """Keep a snapshot, and only the last few besides the first; call `note` in the same transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """A prediction was made; with an id, it is durable. `features` is the JSON text.

    `flavor` and `features_kept` are as the model's state has them: what is to be shown goes by them.
    """

    model: str
    features: bytes
    prediction: Prediction
    flavor: str = ""
    features_kept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A model has learned from a ground truth; it is durable."""

    model: str
    features: bytes
    prediction: Prediction
    ground_truth: GroundTruth
    flavor: str = ""
    features_kept: str = ""


Event = Predicted | Learned


class CommitListener(Protocol):
    """A listener to commits. Called in engine threads; must not block."""

    def wants_events(self) -> bool:
        """Say whether anybody listens; otherwise no event is built."""

    def committed(
        self, write: Write, segment_id: int | None, scores: Sequence[Scores], events: Sequence[Event]
    ) -> None:
        """Hear of one batch: what was written, what its learns scored, and its events where wanted.

        `segment_id` is None without learns, and where their scores are to be had from the journal only.
        """
