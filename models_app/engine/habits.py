"""Habits of a model: whether a prediction changes it, whether a learn can be had again.

Of River's own parts this is known. Of anything else it is found out by trial, at the first call, the second,
the fourth and so on: a trial costs a pickle of the model or two, and all of them a tenth of the time at most.
"""

import time
from copy import deepcopy
from typing import Any

from models_app.domain import blobs
from models_app.domain.draws import Draws, apart
from models_app.domain.failing import pass_on_interrupt
from models_app.domain.features import Features
from models_app.domain.purity import Nature, are_alike
from models_app.domain.remarks import NOT_REPLAYABLE, ON_COPIES, Remark
from models_app.domain.scoring import GroundTruth
from models_app.engine import forks
from models_app.paradigms.base import Paradigm

# A learn that takes longer is not made twice.
_MAX_LEARN_SECONDS = 1.0
# What trials may take of the time since the model was loaded, and in any case.
_MAX_SHARE = 0.1
_FREE_SECONDS = 1.0


class Habits:
    """Calls a model that is not known, or known to change when it predicts.

    Once a prediction has been seen to change it, it predicts on copies (`undoes_predictions`), so that
    predictions leave no trace. `is_misjudged`: some had left theirs by then. `is_replayable`: as far as was
    seen, the same learn leads to the same model. Some of River's set themselves up at their first call,
    whatever it is: they are tried until they have learned.
    """

    __slots__ = (
        "_bytes", "_draws", "_learn_one", "_loaded_at", "_model", "_n_learns", "_n_predictions",
        "_nature", "_paradigm", "_trial_seconds", "is_misjudged", "is_replayable", "undoes_predictions",
    )  # fmt: skip

    def __init__(self, model: Any, nature: Nature, draws: Draws, paradigm: Paradigm) -> None:
        self.undoes_predictions = nature is Nature.CHANGING
        self.is_misjudged = False
        self.is_replayable = True
        self._nature = nature
        self._model = model
        self._draws = draws
        self._paradigm = paradigm
        self._learn_one = paradigm.learner(model)
        self._n_predictions = self._n_learns = 0
        self._loaded_at = time.perf_counter()
        self._trial_seconds = 0.0
        # The model's, until it learns.
        self._bytes: bytes | None = None

    def remarks(self) -> list[Remark]:
        """Return what there is to know about the model."""
        found = [ON_COPIES] if self.undoes_predictions and self._nature is not Nature.UNTIL_LEARNED else []
        return found if self.is_replayable else [*found, NOT_REPLAYABLE]

    def predict(self, x: Features) -> object:
        """Return what the model predicts; raises what it raises."""
        if self.undoes_predictions:
            return self._paradigm.predictor(self.copy())(x)
        self._n_predictions += 1
        if not self._is_prediction_tried():
            return self._paradigm.predictor(self._model)(x)
        started = time.perf_counter()
        try:
            return self._predict_on_trial(x)
        finally:
            self._trial_seconds += time.perf_counter() - started

    def _predict_on_trial(self, x: Features) -> object:
        before = self._dumped()
        if before is None:
            return self._paradigm.predictor(self._model)(x)
        # The trial is made on a copy: what it may change is not the model then.
        with apart():
            twin = blobs.loads(before)
        # The model may write to what it predicts from.
        same_x = deepcopy(x)
        answer = self._paradigm.predictor(twin)(x)
        with apart():
            self.undoes_predictions = not are_alike(twin, before)
        self.is_misjudged = self.undoes_predictions and self._n_predictions > 1
        if self.undoes_predictions:
            return answer
        # By itself, as ever from now on: a set that no pickle can keep is walked in another order in a copy.
        self._draws.reset()
        return self._paradigm.predictor(self._model)(same_x)

    def _is_prediction_tried(self) -> bool:
        if self._nature is Nature.UNTIL_LEARNED:
            # One that a prediction left alone had learned before it came here.
            return self._n_predictions == 1 and self._n_learns == 0
        return self._is_due(self._n_predictions)

    def _is_due(self, n: int) -> bool:
        """Say whether the `n`th call is tried."""
        if n & (n - 1) != 0:
            return False
        age = time.perf_counter() - self._loaded_at
        return n == 1 or self._trial_seconds < max(_FREE_SECONDS, _MAX_SHARE * age)

    def copy(self) -> Any:
        """Return a copy of the model, for a call that must leave no trace in it."""
        with apart():
            if self._bytes is None:
                self._bytes = blobs.dumps(self._model)
            return blobs.loads(self._bytes)

    def learn(self, x: Features, y_true: GroundTruth) -> None:
        """Let the model learn; raises what it raises."""
        self._bytes = None
        self._n_learns += 1
        if self._nature is Nature.UNTIL_LEARNED:
            self.undoes_predictions = False
        started = time.perf_counter()
        before = self._dumped() if self._is_learn_tried() else None
        if before is None:
            self._learn_one(x, y_true)
            return
        # The model may write to what it learns from.
        same_x = deepcopy(x)
        begun = time.perf_counter()
        self._learn_one(x, y_true)
        # A child must not go through the trial, where it would fork again.
        forks.end_in_child()
        ended = time.perf_counter()
        if ended - begun < _MAX_LEARN_SECONDS:
            self.is_replayable = self._leads_here(before, same_x, y_true)
        self._trial_seconds += time.perf_counter() - started - (ended - begun)

    def _is_learn_tried(self) -> bool:
        return self._nature is Nature.UNKNOWN and self.is_replayable and self._is_due(self._n_learns)

    def _leads_here(self, before: bytes, x: Features, y_true: GroundTruth) -> bool:
        """Say whether the learn, made again by the model as it was, leads to the model as it is."""
        self._draws.reset()
        try:
            with apart():
                twin = blobs.loads(before)
            self._paradigm.learner(twin)(x, y_true)
            forks.end_in_child()
            with apart():
                return are_alike(twin, blobs.dumps(self._model))
        except BaseException as error:
            # It may raise anything, and did not the first time.
            forks.end_in_child()
            pass_on_interrupt(error)
            return False

    def _dumped(self) -> bytes | None:
        """Return the model's bytes; None where it has none in this state, and nothing can be tried."""
        try:
            with apart():
                return blobs.dumps(self._model)
        except BaseException as error:
            pass_on_interrupt(error)
            return None
