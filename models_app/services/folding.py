"""The metrics over all models of the instance.

They are the fold of every journal segment in the order of the commits. River's metrics do not merge, so that
they cannot be made of the models' own.
"""

import threading
import uuid
from collections.abc import Sequence

from models_app.domain import scoring
from models_app.domain.scoring import Metrics, Scorer, Scores
from models_app.journal import keeping
from models_app.journal.following import Tail, follow
from models_app.journal.pieces import Known, Read
from models_app.journal.positions import Position
from models_app.journal.reading import scored_after
from models_app.models import Configuration
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services.configuring import get_configuration, metrics_context

# Beyond this, the tail is forgotten and read from the journal instead.
_MAX_TAIL = 100_000
_FOLD_FROM = 2_000
# Some 0.2 s of folding after a crash.
_PERSIST_FROM = 20_000


class InstanceMetrics:
    """The metrics over all models, folded when somebody asks: a follower of the journal of all models.

    Locks are taken in one order: the writer's, then this one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tail: Tail[Position] = Tail(max_learns=_MAX_TAIL)
        self._epoch: uuid.UUID | None = None
        self._metrics: Metrics = []
        self._scorer = Scorer([])
        self._position = Position()
        self._n_unsaved = 0

    def committed(self, position: Position, scores: Sequence[Scores], n_learns: int) -> None:
        """Remember what the learns of a commit scored; `position` is the one after it."""
        self._tail.add(position.before(), Known(position, scores, n_learns))

    def values(self) -> dict[str, float | None]:
        """Return the metrics as of now; raises `FlavorNotSet`."""
        with self._lock, translated_errors():
            self._catch_up(get_configuration())
            return scoring.values(self._metrics)

    def tidy(self) -> None:
        """Fold a long tail, and write down what would take long to fold again."""
        if self._tail.n_learns >= _FOLD_FROM:
            self.values()
        if self._n_unsaved >= _PERSIST_FROM:
            self.persist()

    def persist(self) -> None:
        """Write the metrics down up to the last segment; raises `FlavorNotSet`."""
        self.values()
        with write_transaction():
            self.persist_in_transaction()

    def persist_in_transaction(self) -> None:
        """Like `persist`, before segments are deleted in the same transaction."""
        with self._lock:
            configuration = get_configuration()
            self._catch_up(configuration)
            made, signature = keeping.seal(
                self._metrics, metrics_context(configuration.epoch, self._position)
            )
            Configuration.objects.update(
                metrics_bytes=made, metrics_signature=signature, metrics_position=str(self._position)
            )
            self._n_unsaved = 0

    def _catch_up(self, stored: Configuration) -> None:
        if stored.epoch != self._epoch or Position.read(stored.metrics_position) > self._position:
            self._load(stored)
        for piece in follow(self._position, known=self._tail.take, read=scored_after):
            self._n_unsaved += self._fold(piece)
            self._position = piece.ends_at
        self._tail.forget(lambda after: after < self._position)

    def _load(self, stored: Configuration) -> None:
        position = Position.read(stored.metrics_position)
        context = metrics_context(stored.epoch, position)
        self._metrics = keeping.unseal(bytes(stored.metrics_bytes), stored.metrics_signature, context)
        self._scorer = Scorer(self._metrics)
        self._position = position
        self._epoch = stored.epoch
        self._n_unsaved = 0

    def _fold(self, piece: Known[Position] | Read[Position]) -> int:
        """Bring the metrics up to date with a piece of the journal; return the number of its learns."""
        if isinstance(piece, Known):
            for scores in piece.scores:
                self._scorer.fold(scores)
            return piece.n_learns
        for learn in piece.learns:
            self._scorer.score(learn.y_true(), learn.y_pred())
        self._scorer.take()
        return len(piece.learns)


_instance = InstanceMetrics()


def get_instance_metrics() -> InstanceMetrics:
    """Return the process's fold of the journal."""
    return _instance
