"""The contract of a paradigm: everything that the rest of the server asks of a kind of task."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from river import metrics

from models_app.domain import scoring
from models_app.domain.errors import InvalidGroundTruth
from models_app.domain.features import Features
from models_app.domain.predictions import Label, Prediction, Probabilities, most_probable
from models_app.domain.scoring import GroundTruth, Metrics, Scores

Kind = type[metrics.base.Metric]
#: Makes the ground truth of a trial's record, by its number.
MakeTruth = Callable[[int], GroundTruth]


class Paradigm(ABC):
    """One kind of task: how models of it are called, scored, watched and shown.

    An object of it holds no state, so that one serves all models. A client names it by its flavor, `name`.
    """

    #: What clients call it.
    name: str
    #: The method that predicts.
    predict_method: str
    #: What models are scored by, the headline first.
    metrics: tuple[Kind, ...]
    #: Kinds of River's metrics among which more can be chosen.
    fitting_metrics: tuple[Kind, ...]
    #: Makes a model's answer plain; raises `UnsupportedPrediction`.
    normalize: Callable[[object], Prediction]
    #: What is to be uploaded, for who uploaded something else.
    wanted: str
    #: What `predict_method` is to return, for who uploaded something else.
    answer_in_words: str
    #: Ground truths of trials: a model must take one of them.
    trial_truths: tuple[MakeTruth, ...]
    #: River's classes of models that are for this paradigm.
    kinds: tuple[type[object], ...] = ()
    #: A ground truth as an example, in JSON.
    example_truth: str
    #: How good predictions are beyond a metric: the name of a part of the model's page.
    diagnosis: str
    #: Which label `claimed_label` is, for who reads a calibration.
    claimed_in_words: str = "the most probable label"
    #: Whether ground truths and predictions are labels, which can be confused.
    has_labels: bool
    #: What the errors that drift watches are called, where they are not 0 or 1.
    errors_in_words: str | None
    #: Whether a prediction is a label, without probabilities.
    answers_labels: bool = False

    @property
    def methods(self) -> tuple[str, str]:
        """The methods that a model must have."""
        return ("learn_one", self.predict_method)

    @property
    def headline(self) -> str:
        """The name of the metric that a list has room for."""
        return self.metrics[0].__name__

    def missing_methods(self, model: object) -> list[str]:
        """Return the methods that `model` lacks.

        A pipeline has every method, whatever its last step can do: that step decides.

        >>> from river import linear_model, preprocessing
        >>> from models_app.paradigms.binary import BINARY
        >>> BINARY.missing_methods(preprocessing.StandardScaler() | linear_model.LinearRegression())
        ['predict_proba_one']
        """
        step = last_step(model)
        return [method for method in self.methods if not callable(getattr(step, method, None))]

    def predictor(self, model: Any) -> Callable[[Features], object]:
        """Return what predicts with the model: features in, its own answer out."""
        method: Callable[[Features], object] = getattr(model, self.predict_method)
        return method

    def learner(self, model: Any) -> Callable[[Features, GroundTruth], object]:
        """Return what lets the model learn."""
        method: Callable[[Features, GroundTruth], object] = model.learn_one
        return method

    @abstractmethod
    def unsuitable(self, step: object) -> str | None:
        """Say what a model is that is of another paradigm, though it has the methods; None: it may fit."""

    def is_meant_by(self, step: object) -> bool:
        """Say whether River means a model for this paradigm, by its class."""
        return any(is_a(step, kind) for kind in self.kinds)

    def fallback(self, step: object) -> str | None:
        """Return another method that predicts, for a model without `predict_method`; None: there is none."""
        return None

    def served_by(self, predict_method: str) -> "Paradigm":
        """Return the paradigm of a model that answers with a `fallback`; empty: this one."""
        return self

    def can_score(self, kind: Kind) -> bool:
        """Say whether a metric that fits can be made of the predictions."""
        return True

    def new_metrics(self) -> Metrics:
        """Return metrics that have seen nothing."""
        return scoring.new_metrics(self.metrics)

    @abstractmethod
    def check_ground_truth(self, value: object) -> str | None:
        """Return why a value cannot be scored and learned, or None."""

    def ground_truth(self, value: object) -> GroundTruth:
        """Return `value` if it can be scored and learned, as it is kept; raises `InvalidGroundTruth`."""
        reason = self.check_ground_truth(value)
        if reason is not None:
            raise InvalidGroundTruth(reason)
        return value  # type: ignore[return-value]  # checked just now

    def learned(self, value: GroundTruth) -> GroundTruth:
        """Return a ground truth as it is scored and learned."""
        return value

    @abstractmethod
    def error(self, y_true: GroundTruth, y_pred: Prediction) -> float:
        """Return how wrong a prediction was that could be scored: what drift watches."""

    @abstractmethod
    def errors(self, scores: Scores) -> Sequence[float]:
        """Return the same of all that were scored; none where the model is not scored by them."""

    def claimed_label(self, y_pred: Probabilities) -> Label:
        """Return the label whose probability a calibration compares with how often it came true."""
        return most_probable(y_pred)

    @abstractmethod
    def level(self, y_pred: Prediction) -> float | None:
        """Return the number that stands for a prediction when drift watches it; None: there is none."""


def last_step(model: object) -> object:
    """Return the step of a pipeline (of pipelines) that learns and predicts, or the model itself."""
    steps = getattr(model, "steps", None)
    while steps and isinstance(steps, dict):
        model = next(reversed(steps.values()))
        steps = getattr(model, "steps", None)
    return model


def is_a(step: object, kind: type[object]) -> bool:
    """Say whether a model is of a kind of River's, which look into what they wrap, and raise at times."""
    try:
        return isinstance(step, kind)
    except Exception:
        return False
