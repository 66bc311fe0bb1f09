"""Rewarding overdue pulls in the background: a default reward for each that has waited for too long."""

import logging
import time
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from models_app.domain import errors
from models_app.engine.bundles import Bundle
from models_app.models import PendingPrediction, ServedModel
from models_app.models.transactions import translated_errors
from models_app.paradigms.bandits import BANDIT
from models_app.services.runtime import get_engine
from models_app.wire.commands import learn_command

logger = logging.getLogger(__name__)

# Of one model at a time: what comes meanwhile waits for some milliseconds.
_AT_A_TIME = 200
# Models that are looked at in a tick, which is to be short.
_MODELS_AT_A_TIME = 100
# What passes: then the same pulls are tried again.
_PASSING = (errors.ModelBusy, errors.ModelNotLoadable, errors.ServerStopping, errors.StorageUnavailable)

#: A pull: when it was made, and its id.
_Pull = tuple[datetime, str]


class Overdue:
    """Lets bandits learn a default reward for pulls that are older than a deadline. One thread calls it.

    It waits for nothing: what it gives the engine is looked at when it is called again.
    """

    def __init__(self) -> None:
        self._of_model: dict[int, _OfModel] = {}
        self._last_pk = 0

    def tick(self) -> None:
        """Give the engine the next of what is overdue, where the settings ask for that.

        Raises `ServerStopping`, `StorageUnavailable`.
        """
        if not settings.BANDIT_REWARD_SECONDS:
            return
        before = timezone.now() - timedelta(seconds=settings.BANDIT_REWARD_SECONDS)
        for pk, name in self._next_models():
            of_model = self._of_model.setdefault(pk, _OfModel(pk, name))
            if not of_model.tick(before):
                del self._of_model[pk]

    def erase(self) -> None:
        """Forget all models."""
        self._of_model.clear()

    def _next_models(self) -> list[tuple[int, str]]:
        """Return some of the bandits, others each time, until all have had their turn."""
        with translated_errors():
            bandits = ServedModel.objects.filter(flavor=BANDIT.name, pk__gt=self._last_pk).order_by("pk")
            found = list(bandits.values_list("pk", "name")[:_MODELS_AT_A_TIME])
        self._last_pk = found[-1][0] if len(found) == _MODELS_AT_A_TIME else 0
        return found


class _OfModel:
    """The overdue pulls of one model: those under way, and after which one to go on.

    Pulls that the model refuses to learn stay pending, and are not tried again until the next start.
    """

    def __init__(self, pk: int, name: str) -> None:
        self._pk = pk
        self._name = name
        self._under_way: Future[list[Any]] | None = None
        self._last: _Pull | None = None
        self._after: _Pull | None = None

    def tick(self, before: datetime) -> bool:
        """Go on as far as can be done at once; return whether there is something to remember."""
        if self._under_way is not None:
            if not self._under_way.done():
                return True
            self._settle(self._under_way.result())
            self._under_way = None
        pulls = self._read(before)
        if pulls:
            self._send(pulls)
        return bool(pulls) or self._after is not None

    def _read(self, before: datetime) -> list[_Pull]:
        overdue = PendingPrediction.objects.filter(
            model_id=self._pk, predicted_at__lt=before, is_learned=False
        )
        if self._after is not None:
            at, prediction_id = self._after
            overdue = overdue.filter(Q(predicted_at__gt=at) | Q(predicted_at=at, pk__gt=prediction_id))
        with translated_errors():
            return list(overdue.order_by("predicted_at", "pk").values_list("predicted_at", "pk")[:_AT_A_TIME])

    def _send(self, pulls: list[_Pull]) -> None:
        commands = [
            learn_command(
                ground_truth=settings.BANDIT_DEFAULT_REWARD,
                prediction_id=prediction_id,
                features_json=None,
                model=self._name,
                now=time.time(),
            )
            for _, prediction_id in pulls
        ]
        under_way = Bundle(commands).answered_in_thread()
        get_engine().submit_many(commands)
        self._under_way, self._last = under_way, pulls[-1]

    def _settle(self, outcomes: list[Any]) -> None:
        """Look at what became of those under way. Of some the own reward has come meanwhile."""
        refused = [
            outcome
            for outcome in outcomes
            if isinstance(outcome, BaseException) and not isinstance(outcome, errors.PredictionNotPending)
        ]
        if refused and not any(isinstance(error, _PASSING) for error in refused):
            self._after = self._last
            logger.warning(
                "'%s' has not learned the default reward of %d pulls, which stay pending: %s",
                self._name, len(refused), refused[0],
            )  # fmt: skip


#: Those of this process.
overdue = Overdue()
