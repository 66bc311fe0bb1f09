"""Predictions of a moment ago: the ground truth that soon follows needs no query."""

import threading
from collections.abc import Iterable

from models_app.engine.ports import Pending

_MAX_PREDICTIONS = 20_000
# Of features, as JSON; what is around them takes some 500 bytes a prediction.
_MAX_BYTES = 32 << 20


class RecentPredictions:
    """Some of the pending predictions, the latest, by id.

    A memory only: whether one is still pending, and still this one, shows when it is claimed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[str, Pending] = {}
        self._n_bytes = 0

    def remember(self, predictions: Iterable[Pending]) -> None:
        """Take in what has been committed; the oldest give way."""
        with self._lock:
            for pending in predictions:
                self._pop(pending.prediction_id)
                self._by_id[pending.prediction_id] = pending
                self._n_bytes += len(pending.features)
            while len(self._by_id) > _MAX_PREDICTIONS or self._n_bytes > _MAX_BYTES:
                self._pop(next(iter(self._by_id)))

    def forget(self, name: str) -> None:
        """Forget those of a model, by its name."""
        with self._lock:
            for pending in [each for each in self._by_id.values() if each.model_name == name]:
                self._pop(pending.prediction_id)

    def take(self, prediction_ids: Iterable[str]) -> dict[str, Pending]:
        """Return those of the predictions that are remembered, and forget them."""
        with self._lock:
            found = {prediction_id: self._pop(prediction_id) for prediction_id in prediction_ids}
        return {prediction_id: pending for prediction_id, pending in found.items() if pending is not None}

    def _pop(self, prediction_id: str) -> Pending | None:
        pending = self._by_id.pop(prediction_id, None)
        if pending is not None:
            self._n_bytes -= len(pending.features)
        return pending
