"""A course for models that nothing scores: a learn does not ask them first."""

from typing import Any

from models_app.domain.features import Features
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth


class Unread:
    """Stands for each learn's prediction: none. It may be large, and would be kept in the journal."""

    def expected(self, model: Any, x: Features) -> Prediction:
        """Return an empty prediction."""
        return {}

    def predicted(self, x: Features, y_pred: Prediction) -> None:
        """Do nothing: no prediction is recorded."""

    def learned(self, model: Any, x: Features, y_true: GroundTruth) -> None:
        """Do nothing: there is no state."""
