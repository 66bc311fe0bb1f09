"""The base of storage in every database: queries seldom enough for the ORM, and what a backend adds."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings

from models_app.domain import showing
from models_app.domain.errors import ModelNotLoadable
from models_app.domain.remarks import Remark
from models_app.engine.ports import Conflict, ModelState, Note, Pending, Segment, SnapshotData, Write
from models_app.models import object_store
from models_app.models.packing import pack
from models_app.models.served import ServedModel
from models_app.models.signing import read_snapshot, save_snapshot, snapshots_of
from models_app.models.snapshots import Snapshot
from models_app.models.transactions import translated_errors, write_transaction

P = ParamSpec("P")
R = TypeVar("R")
B = TypeVar("B", bound="Backend")

Outcome = int | Conflict | None


def guarded(method: Callable[Concatenate[B, P], R]) -> Callable[Concatenate[B, P], R]:
    """Turn the database's errors into `StorageUnavailable`."""

    @functools.wraps(method)
    def call(self: B, *args: P.args, **kwargs: P.kwargs) -> R:
        with translated_errors():
            return method(self, *args, **kwargs)

    return call  # type: ignore[return-value]  # `wraps` forgets how methods bind


#: What `to_state` takes, in its order.
STATE_COLUMNS = "id, name, flavor, generation, seq, is_default, predict_method, is_read_only, features_kept"


def to_state(row: Sequence[Any]) -> ModelState:
    """Return a served model's row, as `STATE_COLUMNS` has it."""
    model_id, name, flavor, generation, seq, is_default, predict_method, is_read_only, kept = row
    return ModelState(
        model_id=model_id,
        name=name,
        flavor=flavor,
        generation=generation,
        seq=seq,
        is_default=bool(is_default),
        predict_method=predict_method,
        is_read_only=bool(is_read_only),
        features_kept=kept,
        hides_features=(kept or settings.FEATURES_KEPT) != showing.ALL,
    )


def to_pending(row: Sequence[Any], predicted_at: float) -> Pending:
    """Return a pending prediction.

    Its row has its id, its model's id and name, the token, features, prediction, time, the model's flavor,
    whether it was learned without a ground truth, and its owner. The time is taken from `predicted_at`:
    databases have it in forms of their own.
    """
    prediction_id, model_id, model_name, token, features, prediction, _, flavor, is_learned, owner = row
    return Pending(
        prediction_id=prediction_id,
        model_id=model_id,
        model_name=model_name,
        token=token,
        features=features,
        prediction=prediction,
        predicted_at=predicted_at,
        flavor=flavor,
        is_learned=bool(is_learned),
        owner=owner,
    )


class AlreadyServed(Exception):
    """Another process serves this database; the text says which."""


class Backend(ABC):
    """Implements `engine.ports.Storage`, and what the server asks of its database besides.

    Each thread works on its own connection of Django's.
    """

    @abstractmethod
    def find_state(self, name: str) -> ModelState | None:
        """See the port."""

    @abstractmethod
    def last_learned_at(self, state: ModelState) -> float:
        """See the port."""

    @abstractmethod
    def default_name(self) -> str | None:
        """See the port."""

    @abstractmethod
    def pending(self, prediction_ids: Sequence[str]) -> dict[str, Pending]:
        """See the port."""

    @abstractmethod
    def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """See the port."""

    @abstractmethod
    def enter_turn(self, name: str, seconds: float) -> bool:
        """See the port."""

    @abstractmethod
    def leave_turn(self, name: str) -> None:
        """See the port."""

    @abstractmethod
    def save_activity(self, write: Write) -> None:
        """See the port."""

    @abstractmethod
    def segments_of(self, model_id: int, generation: int, *, after_seq: int) -> Iterator[Segment]:
        """Yield a generation's segments that begin after a seq, in order; raises `StorageUnavailable`."""

    @abstractmethod
    def probe(self) -> None:
        """Raise `StorageUnavailable` unless the database takes what is written."""

    @abstractmethod
    def rewrite(self) -> None:
        """Make the database's file anew, without what is left in it of what was deleted.

        Nobody can write meanwhile. Raises `StorageUnavailable`.
        """

    @abstractmethod
    def empty_log(self) -> bool:
        """Leave nothing in the database's log; say whether that is so. Raises `StorageUnavailable`.

        It is not while others read what was there before.
        """

    @abstractmethod
    def check_files(self) -> None:
        """Raise `StorageUnavailable` unless the database is where it was opened."""

    @abstractmethod
    def close(self) -> None:
        """Give back what all threads write through; the next commit opens it again."""

    @abstractmethod
    def begin_serving(self) -> None:
        """Make this process the database's server; raises `AlreadyServed`, `OSError`."""

    @abstractmethod
    def end_serving(self) -> None:
        """Let another process serve."""

    @abstractmethod
    def holds_duties(self) -> bool:
        """Say whether this server is the one of all on the database that does what is to be done once.

        Of those that ask one is, until it ends or loses the database.
        """

    @abstractmethod
    def socket_path(self) -> str:
        """Return where the server listens for the commands of this machine."""

    @abstractmethod
    def size_bytes(self) -> int:
        """Return the size of the database, without what is still in its log."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Return the database's version, by its name; raises `StorageUnavailable`."""

    @guarded
    def recent_names(self, limit: int) -> list[str]:
        """See the port."""
        recent = ServedModel.objects.last_used_first()
        return list(recent.values_list("name", flat=True)[:limit])

    @guarded
    def add_remark(self, state: ModelState, remark: Remark) -> None:
        """See the port."""
        with write_transaction():
            model = ServedModel.objects.filter(pk=state.model_id, generation=state.generation).first()
            if model is None:
                return
            others = [other for other in model.remarks if other["code"] != remark["code"]]
            ServedModel.objects.filter(pk=model.pk).update(remarks=[*others, remark])

    def snapshots(self, state: ModelState) -> Iterator[SnapshotData]:
        """See the port."""
        failure: ModelNotLoadable | None = None
        for seq in self._snapshot_seqs(state):
            snapshot = self._snapshot(state, seq)
            # One that was pruned meanwhile is no loss: there is a newer one.
            if snapshot is None:
                continue
            try:
                yield read_snapshot(snapshot)
            except ModelNotLoadable as error:
                # It may have been pruned while its bytes were on their way.
                if self._snapshot(state, seq) is not None:
                    failure = failure or error
        if failure is not None:
            raise failure

    @guarded
    def _snapshot_seqs(self, state: ModelState) -> list[int]:
        return list(snapshots_of(state).order_by("-seq").values_list("seq", flat=True))

    @guarded
    def _snapshot(self, state: ModelState, seq: int) -> Snapshot | None:
        return snapshots_of(state).filter(seq=seq).first()

    def expect_snapshot(self) -> None:
        """See the port."""
        if settings.SNAPSHOTS_URL:
            object_store.writing.expect()

    @guarded
    def save_snapshot(self, state: ModelState, data: SnapshotData, note: Note | None = None) -> None:
        """See the port."""
        kept = snapshots_of(state)
        # Nobody else waits while it is compressed, and while it travels to an object store.
        with pack(data, str(state.model_id)) as packed, write_transaction():
            if not ServedModel.objects.filter(pk=state.model_id, generation=state.generation).exists():
                return
            kept.filter(seq=data.seq).delete()
            save_snapshot(state, packed)
            newest = kept.order_by("-seq").values_list("seq", flat=True)
            # The first stays as well: it is where the generation's journal can be verified from.
            first = kept.order_by("seq").values_list("seq", flat=True)[:1]
            kept.exclude(seq__in=[*first, *newest[: settings.SNAPSHOTS_KEPT]]).delete()
            ServedModel.objects.filter(pk=state.model_id).update(size_bytes=len(data.model))
            if note is not None:
                note(data.seq)

    def segments(self, state: ModelState, after_seq: int) -> Iterator[Segment]:
        """See the port."""
        return self.segments_of(state.model_id, state.generation, after_seq=after_seq)
