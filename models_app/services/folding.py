"""The metrics over all models of the instance, one fold a flavor.

They are the fold of every journal segment in the order of the commits, each into the metrics of its model's
flavor. River's metrics do not merge, so that they cannot be made of the models' own.
"""

import threading
import uuid
from collections.abc import Iterator, Sequence

from models_app.domain import scoring
from models_app.domain.scoring import Metrics, Scorer, Scores
from models_app.journal import keeping
from models_app.journal.following import Tail, follow
from models_app.journal.keeping import Sealed
from models_app.journal.pieces import Known, Read
from models_app.journal.positions import Position
from models_app.journal.reading import scored_after
from models_app.models import Configuration, FlavorMetrics
from models_app.models.transactions import translated_errors, write_transaction
from models_app.paradigms.base import Paradigm
from models_app.paradigms.registry import FLAVORS, get_flavor
from models_app.services.configuring import get_configuration

# Beyond this, the tail is forgotten and read from the journal instead.
_MAX_TAIL = 100_000
_FOLD_FROM = 2_000
# Some 0.2 s of folding after a crash.
_PERSIST_FROM = 20_000


class _Fold:
    """The metrics over all models of a flavor."""

    def __init__(self, metrics: Metrics, flavor: Paradigm) -> None:
        self.metrics = metrics
        self._scorer = Scorer(metrics, flavor.pairs)

    def add(self, piece: Known[Position] | Read[Position]) -> int:
        """Bring them up to date with a piece of the journal; return the number of its learns."""
        if isinstance(piece, Known):
            for scores in piece.scores:
                self._scorer.fold(scores)
            return piece.n_learns
        for learn in piece.learns:
            self._scorer.score(learn.y_true(), learn.y_pred())
        self._scorer.take()
        return len(piece.learns)


class InstanceMetrics:
    """The metrics over all models by flavor, folded when somebody asks: a follower of the whole journal.

    Locks are taken in one order: the writer's, then this one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tail: Tail[Position] = Tail(max_learns=_MAX_TAIL)
        self._epoch: uuid.UUID | None = None
        self._folds: dict[str, _Fold] = {}
        self._position = Position()
        self._n_unsaved = 0

    def committed(self, position: Position, flavor: str, scores: Sequence[Scores], n_learns: int) -> None:
        """Remember what the learns of a commit scored; `position` is the one after it."""
        self._tail.add(position.before(), Known(position, scores, n_learns, flavor))

    def values(self, flavor: Paradigm) -> dict[str, float | None]:
        """Return the metrics over all models of a flavor as of now; raises `FlavorNotSet`."""
        with self._lock, translated_errors():
            self._catch_up(get_configuration())
            return scoring.values(self._fold_of(flavor.name).metrics)

    def tidy(self) -> None:
        """Fold a long tail, and write down what would take long to fold again; raises `FlavorNotSet`."""
        if self._tail.n_learns >= _FOLD_FROM:
            self._bring_up_to_date()
        if self._n_unsaved >= _PERSIST_FROM:
            self.persist()

    def persist(self) -> None:
        """Write the metrics down up to the last segment; raises `FlavorNotSet`."""
        self._bring_up_to_date()
        with write_transaction():
            self.persist_in_transaction()

    def persist_in_transaction(self) -> None:
        """Like `persist`, before segments are deleted in the same transaction."""
        with self._lock:
            configuration = get_configuration()
            self._catch_up(configuration)
            FlavorMetrics.objects.all().delete()
            FlavorMetrics.objects.bulk_create(
                self._sealed(flavor, fold, configuration.epoch) for flavor, fold in self._folds.items()
            )
            Configuration.objects.update(metrics_position=str(self._position))
            self._n_unsaved = 0

    def _bring_up_to_date(self) -> None:
        with self._lock, translated_errors():
            self._catch_up(get_configuration())

    def _fold_of(self, flavor: str) -> _Fold:
        if flavor not in self._folds:
            self._folds[flavor] = _Fold(get_flavor(flavor).new_metrics(), get_flavor(flavor))
        return self._folds[flavor]

    def _sealed(self, flavor: str, fold: _Fold, epoch: uuid.UUID) -> FlavorMetrics:
        made, signature = keeping.seal(fold.metrics, context_of(epoch, flavor, self._position))
        return FlavorMetrics(
            flavor=flavor,
            metrics_bytes=made,
            metrics_signature=signature,
            metrics_position=str(self._position),
        )

    def _catch_up(self, stored: Configuration) -> None:
        if stored.epoch != self._epoch or Position.read(stored.metrics_position) > self._position:
            self._load(stored)
        for piece in follow(self._position, known=self._tail.take, read=scored_after):
            # Of a flavor whose package is gone there is nothing that could be scored.
            if piece.flavor in FLAVORS:
                self._n_unsaved += self._fold_of(piece.flavor).add(piece)
            self._position = piece.ends_at
        self._tail.forget(lambda after: after < self._position)

    def _load(self, stored: Configuration) -> None:
        rows = list(FlavorMetrics.objects.all())
        # Another process may have written them since the configuration was read.
        position = Position.read(rows[0].metrics_position if rows else stored.metrics_position)
        self._folds = {
            row.flavor: _Fold(_unsealed(row, stored.epoch, position), get_flavor(row.flavor))
            for row in rows
            if row.flavor in FLAVORS
        }
        self._position = position
        self._epoch = stored.epoch
        self._n_unsaved = 0


def sealed() -> Iterator[Sealed]:
    """Yield what is stored of the metrics over all models, to be signed anew."""
    epoch = get_configuration().epoch
    for row in FlavorMetrics.objects.all():
        yield _stored(row, context_of(epoch, row.flavor, Position.read(row.metrics_position)))


def _stored(row: FlavorMetrics, context: str) -> Sealed:
    rows = FlavorMetrics.objects.filter(pk=row.pk, metrics_signature=row.metrics_signature)
    return Sealed(
        what=f"the metrics over all models of the flavor '{row.flavor}'",
        signature=row.metrics_signature,
        sign=lambda: keeping.sealed_anew(bytes(row.metrics_bytes), row.metrics_signature, context),
        replace=lambda new: rows.update(metrics_signature=new),
    )


def _unsealed(row: FlavorMetrics, epoch: uuid.UUID, position: Position) -> Metrics:
    metrics: Metrics = keeping.unseal(
        bytes(row.metrics_bytes), row.metrics_signature, context_of(epoch, row.flavor, position)
    )
    return metrics


def context_of(epoch: uuid.UUID, flavor: str, position: object) -> str:
    """Return what a signature binds metrics to."""
    return f"metrics of {epoch}, flavor {flavor}, up to segment {position}"


_instance = InstanceMetrics()


def get_instance_metrics() -> InstanceMetrics:
    """Return the process's fold of the journal."""
    return _instance
