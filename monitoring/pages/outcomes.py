"""What a model predicted last, and what came true: read from its journal when somebody looks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from models_app.domain import learns
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.domain.windows import SIZE
from models_app.models import JournalSegment, ServedModel
from models_app.models.transactions import translated_errors

# Who sends whole documents as features gets to see fewer learns, not a server out of memory.
_MAX_CHARACTERS = 32 * 1024**2
_SEGMENTS_AT_A_TIME = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """A prediction, and the ground truth that the model learned at `at`, in seconds since the epoch."""

    at: float
    y_true: GroundTruth
    y_pred: Prediction


def last_outcomes(model: ServedModel) -> list[Outcome]:
    """Return those of the model's last learns (`domain.windows.SIZE`), the newest last.

    Raises `StorageUnavailable`.
    """
    with translated_errors():
        newest_first = list(islice(_newest_first(model), SIZE))
    return newest_first[::-1]


def _newest_first(model: ServedModel) -> Iterator[Outcome]:
    segments = JournalSegment.objects.filter(model=model, generation=model.generation).order_by("-first_seq")
    n_characters = 0
    for text in segments.values_list("learns", flat=True).iterator(_SEGMENTS_AT_A_TIME):
        for learn in reversed(learns.decode(text)):
            yield Outcome(learn.learned_at, learn.y_true(), learn.y_pred())
        n_characters += len(text)
        if n_characters > _MAX_CHARACTERS:
            return
