"""The metrics over all models of the instance.

They are the fold of every journal segment in the order of the segments' ids, which is
the order of the commits. River's metrics do not merge, so that they cannot be made of the models' own.
"""

import threading
import uuid
from collections.abc import Iterator, Sequence

from models_app.domain import blobs, learns, scoring
from models_app.domain.scoring import Metrics, Scorer, Scores
from models_app.models import Configuration, JournalSegment
from models_app.models.signing import signer
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services.configuring import get_configuration, metrics_context

_SEGMENTS_AT_A_TIME = 256
# Beyond this, the tail is forgotten and read from the journal instead.
_MAX_TAIL = 100_000
_FOLD_FROM = 2_000
# Some 0.2 s of folding after a crash.
_PERSIST_FROM = 20_000


class InstanceMetrics:
    """The metrics over all models, folded when somebody asks.

    What this process commits is kept in a tail until it is folded; what others commit is read from the
    journal. Locks are taken in one order: the writer's, then this one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tail_lock = threading.Lock()
        self._tail: dict[int, Sequence[Scores]] = {}
        self._tail_length = 0
        self._epoch: uuid.UUID | None = None
        self._metrics: Metrics = []
        self._scorer = Scorer([])
        self._segment_id = 0
        self._n_unsaved = 0

    def committed(self, segment_id: int, scores: Sequence[Scores]) -> None:
        """Remember what the learns of a segment scored."""
        with self._tail_lock:
            if self._tail_length > _MAX_TAIL:
                self._tail.clear()
                self._tail_length = 0
            self._tail[segment_id] = scores
            self._tail_length += _n_learns(scores)

    def values(self) -> dict[str, float | None]:
        """Return the metrics as of now; raises `FlavorNotSet`."""
        with self._lock, translated_errors():
            self._catch_up(get_configuration())
            return scoring.values(self._metrics)

    def tidy(self) -> None:
        """Fold a long tail, and write down what would take long to fold again."""
        if self._tail_length >= _FOLD_FROM:
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
            data = blobs.dumps(self._metrics)
            context = metrics_context(configuration.epoch, self._segment_id)
            Configuration.objects.update(
                metrics_bytes=data,
                metrics_signature=signer().sign(context, data),
                metrics_segment_id=self._segment_id,
            )
            self._n_unsaved = 0

    def _catch_up(self, stored: Configuration) -> None:
        if stored.epoch != self._epoch or stored.metrics_segment_id > self._segment_id:
            self._load(stored)
        while True:
            for segment_id, scores in self._known_next():
                for some in scores:
                    self._scorer.fold(some)
                self._has_folded(segment_id, _n_learns(scores))
            if not self._fold_from_journal():
                return

    def _load(self, stored: Configuration) -> None:
        data = bytes(stored.metrics_bytes)
        context = metrics_context(stored.epoch, stored.metrics_segment_id)
        signer().check(context, stored.metrics_signature, data)
        self._metrics = blobs.loads(data)
        self._scorer = Scorer(self._metrics)
        self._segment_id = stored.metrics_segment_id
        self._epoch = stored.epoch
        self._n_unsaved = 0

    def _known_next(self) -> Iterator[tuple[int, Sequence[Scores]]]:
        """Take from the tail what follows without a gap."""
        while True:
            with self._tail_lock:
                scores = self._tail.pop(self._segment_id + 1, None)
                if scores is None:
                    return
                self._tail_length -= _n_learns(scores)
            yield self._segment_id + 1, scores

    def _fold_from_journal(self) -> bool:
        """Fold some segments from the database; say whether there were any."""
        rows = JournalSegment.objects.filter(pk__gt=self._segment_id).order_by("pk")
        found = list(rows.values_list("pk", "learns", "model__is_scored")[:_SEGMENTS_AT_A_TIME])
        for segment_id, learned, is_scored in found:
            segment = learns.decode(learned) if is_scored else []
            for learn in segment:
                self._scorer.score(learn.y_true(), learn.y_pred())
            self._scorer.take()
            self._has_folded(segment_id, len(segment))
        self._forget_folded()
        return bool(found)

    def _has_folded(self, segment_id: int, n_learns: int) -> None:
        self._segment_id = segment_id
        self._n_unsaved += n_learns

    def _forget_folded(self) -> None:
        with self._tail_lock:
            for segment_id in [known for known in self._tail if known <= self._segment_id]:
                self._tail_length -= _n_learns(self._tail.pop(segment_id))


def _n_learns(scores: Sequence[Scores]) -> int:
    return sum(some.n for some in scores)


_instance = InstanceMetrics()


def get_instance_metrics() -> InstanceMetrics:
    """Return the process's fold of the journal."""
    return _instance
