"""Rewarding pulls whose reward has not come."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from models_app.domain.scoring import GroundTruth
from models_app.engine.commands import Command
from models_app.models import PendingPrediction
from models_app.models.transactions import write_transaction
from models_app.services import auditing
from models_app.services.feeding import Feed
from models_app.services.finding import find
from models_app.wire.commands import learn_command


@dataclass(frozen=True, slots=True)
class Unrewarded:
    """A pull without a reward; `line` counts them."""

    line: int
    prediction_id: str
    features: None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """The pulls of a model that were made before a time and await their reward."""

    model: str
    reward: GroundTruth
    prediction_ids: list[str]

    def feed(self) -> Feed[Unrewarded]:
        """Return what has the model learn the reward of each; one whose own came meanwhile is skipped."""
        return Feed(self._to_command, skip_errors=True)

    def records(self) -> Iterator[Unrewarded]:
        """Yield the pulls, the oldest first."""
        for line, prediction_id in enumerate(self.prediction_ids, start=1):
            yield Unrewarded(line, prediction_id)

    def _to_command(self, pull: Unrewarded) -> Command:
        return learn_command(
            ground_truth=self.reward,
            prediction_id=pull.prediction_id,
            features_json=None,
            model=self.model,
            now=time.time(),
        )


def missing_rewards(*, model: str, before: datetime, reward: float) -> Missing:
    """Find the predictions of a model that await their ground truth since before a time.

    That they are to be rewarded is in the audit trail from then on. Raises `ModelNotFound`,
    `InvalidGroundTruth`, `StorageUnavailable`.
    """
    served = find(model)
    ground_truth = served.paradigm.ground_truth(reward)
    with write_transaction():
        rows = PendingPrediction.objects.filter(
            model_id=served.pk, predicted_at__lt=before, is_learned=False
        ).order_by("predicted_at", "pk")
        missing = Missing(model, ground_truth, list(rows.values_list("pk", flat=True)))
        auditing.record(
            action="reward_missing",
            model=model,
            n=len(missing.prediction_ids),
            before=before.isoformat(),
            reward=reward,
        )
    return missing
