"""Learns of a batch that are written down at its end: for many at once that takes a third of the time."""

from collections.abc import Sequence
from itertools import count, repeat

from msgspec import Raw

from models_app.domain import learns
from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.engine.commands import LearnFeatures

_PLACE = Learn(
    prediction_id=None,
    features=Raw(b"null"),
    prediction=Raw(b"null"),
    ground_truth=None,
    predicted_at=None,
    learned_at=0.0,
)


class LateLearns:
    """Keeps the places of learns among those of a batch, `written`, until they are written down."""

    __slots__ = ("_late", "_written")

    def __init__(self, written: list[Learn]) -> None:
        self._written = written
        self._late: list[tuple[int, LearnFeatures, GroundTruth, Prediction, float]] = []

    def add(self, command: LearnFeatures, y_true: GroundTruth, y_pred: Prediction, learned_at: float) -> None:
        """Keep a place for what was just learned."""
        self._late.append((len(self._written), command, y_true, y_pred, learned_at))
        self._written.append(_PLACE)

    def add_run(
        self,
        commands: Sequence[LearnFeatures],
        learned: Sequence[tuple[GroundTruth, Prediction]],
        times: Sequence[float],
    ) -> None:
        """Keep the places of ground truths and predictions that were learned one after the other."""
        places = count(len(self._written))
        for place, command, (y_true, y_pred), at in zip(places, commands, learned, times, strict=False):
            self._late.append((place, command, y_true, y_pred, at))
        self._written += repeat(_PLACE, len(commands))

    def write(self) -> None:
        """Write all down; raises `ModelRaised` where a prediction cannot be kept."""
        late, self._late = self._late, []
        if not late:
            return
        texts = learns.encode_predictions([y_pred for _, _, _, y_pred, _ in late])
        for (place, command, y_true, _, learned_at), text in zip(late, texts, strict=True):
            self._written[place] = Learn(
                prediction_id=None,
                features=Raw(command.text),
                prediction=text,
                ground_truth=y_true,
                predicted_at=None,
                learned_at=learned_at,
            )
