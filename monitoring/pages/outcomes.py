"""The last predictions of a model and their ground truths: read from its journal when somebody looks."""

from dataclasses import dataclass
from itertools import islice

from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.domain.windows import SIZE
from models_app.journal.reading import newest_first
from models_app.services.finding import Served

# Who sends whole documents as features gets to see fewer learns, not a server out of memory.
_MAX_CHARACTERS = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class Outcome:
    """A prediction, and the ground truth that the model learned at `at`, in seconds since the epoch."""

    at: float
    y_true: GroundTruth
    y_pred: Prediction


def last_outcomes(model: Served) -> list[Outcome]:
    """Return those of the model's last learns (`domain.windows.SIZE`), the newest last.

    Raises `StorageUnavailable`.
    """
    segments = newest_first(model.beginning, max_characters=_MAX_CHARACTERS)
    newest = (learn for segment in segments for learn in reversed(segment.learns))
    outcomes = [Outcome(learn.learned_at, learn.y_true(), learn.y_pred()) for learn in islice(newest, SIZE)]
    return outcomes[::-1]
