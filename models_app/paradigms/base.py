"""The contract of a paradigm: everything that the rest of the server asks of a kind of task."""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from river.metrics.base import Metric, WrapperMetric

from models_app.domain import features, scoring
from models_app.domain.errors import InvalidGroundTruth, InvalidRequest, NoFeatures
from models_app.domain.features import Features
from models_app.domain.predictions import Label, Prediction, Probabilities, most_probable
from models_app.domain.purity import Global
from models_app.domain.scoring import GroundTruth, Kind, Metrics, Pairs, Scores

if TYPE_CHECKING:
    from models_app.paradigms.clocks import Clock

#: Makes the ground truth of a trial's record, by its number.
MakeTruth = Callable[[int], GroundTruth]
#: Makes what a trial's record asks the model with, by its number.
MakeInputs = Callable[[int], Features]
#: What a model is asked with where that is more than features: the members of the request by their names.
Members = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of requests that models of a paradigm are asked with: for the schema, and for refusals."""

    #: In JSON Schema.
    schema: dict[str, Any]
    description: str


#: The member of every request that is not of a paradigm alone.
FEATURES = "features"
#: The member of requests that says when.
AT = "t"
#: Why a model does not take that.
NO_CLOCK = "not taken by this model: nothing in it goes by time"
_TRUTH = "ground_truth"
_NO_SCALAR = "must be a number, a string or a boolean, of a model of this flavor"


class Course(Protocol):
    """What a model's paradigm keeps between its learns, beside the model: a part of its state.

    It is pickled with each snapshot, and brought by each record of the journal to where it was.
    """

    def expected(self, model: Any, x: Features) -> Prediction | None:
        """Return what a learn is scored by that nothing was predicted for; None: what is predicted now."""

    def predicted(self, x: Features, y_pred: Prediction) -> None:
        """Take a prediction that is recorded in the journal."""

    def learned(self, model: Any, x: Features, y_true: GroundTruth) -> None:
        """Take what the model has just learned."""


class Paradigm(ABC):
    """One kind of task: how models of it are called, scored, watched and shown.

    An object of it holds no state, so that one serves all models. A client names it by its flavor, `name`.
    """

    #: What clients call it.
    name: str
    #: The method that predicts.
    predict_method: str
    #: What models are scored by, the headline first.
    metrics: tuple[Kind, ...] = ()
    #: Kinds of River's metrics among which more can be chosen.
    fitting_metrics: tuple[type[object], ...] = ()
    #: Averages over outputs in which one that fits is chosen, as in `MicroAverage(MAE)`; then not by itself.
    averages: tuple[type[WrapperMetric], ...] = ()
    #: Other metrics that can be chosen, by name.
    more_metrics: Mapping[str, Kind] = MappingProxyType({})
    #: Metrics that are chosen with a number, as in `PrecisionAt(0.9)`, by name.
    metrics_at: Mapping[str, Callable[[float], Metric]] = MappingProxyType({})
    #: Makes a model's answer plain; raises `UnsupportedPrediction`.
    normalize: Callable[[object], Prediction]
    #: What is to be uploaded, for who uploaded something else.
    wanted: str
    #: What `predict_method` is to return, for who uploaded something else.
    answer_in_words: str = "numbers, strings and booleans, in lists and dictionaries if need be"
    #: Ground truths of trials: a model must take one of them.
    trial_truths: tuple[MakeTruth, ...]
    #: What trials ask with; empty: features of several kinds.
    trial_inputs: tuple[MakeInputs, ...] = ()
    #: River's classes of models that are for this paradigm alone, and what such a model is called.
    kinds: tuple[type[object], ...] = ()
    described: str = ""
    #: Members of requests that a model is asked with beside `features`; without any, with these alone.
    takes: Mapping[str, Member] = MappingProxyType({})
    #: What a model takes as `t`: see `paradigms.timed`; None: it does not go by time.
    clock: "Clock | None" = None
    #: What is asked with, from its JSON text as it is kept.
    read: Callable[[features.Text], Features] = staticmethod(features.decode)
    #: Whether a model learns nothing without a ground truth.
    needs_truth: bool = True
    #: Whether what was learned without a truth is only scored when the truth comes, by its id.
    scores_late: bool = False
    #: Whether predictions change the model, or what is kept beside it: each is then a record of the journal.
    records_predictions: bool = False
    #: Whether a recorded prediction awaits its ground truth under its id; else the `course` knows of it.
    keeps_recorded: bool = True
    #: What else a request can ask of a prediction: see `paradigms.options`.
    options: tuple[str, ...] = ()
    #: Whether each prediction says whether its ground truth is worth asking for.
    asks: bool = False
    #: River's classes that change when they predict, and are not called to predict.
    passed_over: frozenset[Global] = frozenset()
    #: What metrics are updated with; None: with ground truth and prediction, where that can be scored.
    pairs: Pairs | None = None
    #: A ground truth as an example, in JSON.
    example_truth: str
    #: How good predictions are beyond a metric: the name of a part of the model's page; empty: there is none.
    diagnosis: str = "levels"
    #: Which label `claimed_label` is, for who reads a calibration.
    claimed_in_words: str = "the most probable label"
    #: Whether ground truths and predictions are labels, which can be confused.
    has_labels: bool = False
    #: Whether a model's ground truths are all of one type, that of the first.
    keeps_label_type: bool = False
    #: What the errors that drift watches are called, where they are not 0 or 1.
    errors_in_words: str | None = None
    #: Whether a prediction is a mapping of labels to their probabilities.
    has_probabilities: bool = False
    #: Whether its models' own methods say whether a truth is needed, and of which kind: see `serving`.
    models_differ: bool = False
    #: Whether a prediction is a label, without probabilities.
    answers_labels: bool = False
    #: Whether a prediction has what the features have, and is shown as they are.
    predicts_features: bool = False
    #: Whether models learn nothing: see `paradigms.read_only`.
    is_read_only: bool = False
    #: Whether there can be features to have a contract about: see `feature_objects`.
    has_features: bool = True

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that a model must have."""
        return ("learn_one", self.predict_method)

    @property
    def is_plain(self) -> bool:
        """Whether models are asked with features, answer a prediction alone, and are scored by a truth."""
        changes = self.records_predictions or self.asks
        return self.pairs is None and not self.takes and not changes and self.needs_truth

    @property
    def calls(self) -> dict[str, tuple[str, ...]]:
        """What the methods are called with, in words."""
        learned = (FEATURES, "ground truth") if self.needs_truth else (FEATURES,)
        return {"learn_one": learned, self.predict_method: (FEATURES,)}

    @property
    def headline(self) -> str:
        """The name of the metric that a list has room for; empty: there is none."""
        return scoring.name_of(self.metrics[0]()) if self.metrics else ""

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

    def unsuitable(self, step: object) -> str | None:
        """Say what a model is that is of another paradigm, though it has the methods; None: it may fit."""
        return None

    def check_members(self, members: Members, *, learns: bool) -> None:
        """Raise `InvalidRequest` unless a model can be asked with these members; `learns`: or taught.

        `members` may be empty: nothing came but perhaps a ground truth. Raises `NoFeatures` where that is too
        little to learn from.
        """
        if learns and not members and not self.takes:
            raise NoFeatures
        strangers = [name for name in members if name not in (FEATURES, *self.takes)]
        reasons = {name: [f"not taken by the flavor '{self.name}'"] for name in strangers}
        if AT in reasons:
            reasons[AT] = [NO_CLOCK]
        if not self.takes and FEATURES not in members:
            reasons[FEATURES] = ["required field"]
        if reasons:
            raise InvalidRequest(reasons)

    def course(self, kept: Any) -> Course | None:
        """Return what goes along with a model, as it was kept; None at first, and where there is nothing."""
        return None

    def shown(self, y_pred: Prediction) -> Prediction:
        """Return what a client sees of a prediction: all of it, unless scoring needs more than that."""
        return y_pred

    def records(self, prediction_id: str | None) -> bool:
        """Say whether a prediction, with that id, is a record of the journal."""
        return self.records_predictions

    def taught(self, x: Features, y_pred: Prediction) -> Features:
        """Return what a model learns from that has predicted `y_pred` for `x`."""
        return x

    def asks_for(self, model: Any, x: Features, y_pred: Prediction, generator: random.Random) -> bool:
        """Say whether a model that `asks` wants the ground truth of `y_pred`; it draws from `generator`.

        Raises what the model raises.
        """
        return False

    def is_meant_by(self, step: object) -> bool:
        """Say whether River means a model for this paradigm, by its class."""
        return any(is_a(step, kind) for kind in self.kinds)

    def fallback(self, step: object) -> str | None:
        """Return another method that predicts, for a model without `predict_method`; None: there is none."""
        return None

    def served_by(self, predict_method: str) -> "Paradigm":
        """Return the paradigm of a model that answers with a `fallback`; empty: this one."""
        return self

    def serving(self, model: object) -> "Paradigm":
        """Return the paradigm of a model, where its own methods say more exactly what it takes."""
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
        """Return `value` if it can be scored and learned, as it is kept; None: there is none.

        Raises `InvalidGroundTruth`, and `InvalidRequest` where one is needed, or it is none of any paradigm.
        """
        reason = self.check_ground_truth(value)
        if reason is None:
            return value  # type: ignore[return-value]  # checked just now
        if value is None:
            if self.needs_truth:
                raise InvalidRequest({_TRUTH: ["required field"]})
            return None
        if isinstance(value, dict) and self.pairs is None:
            raise InvalidRequest({_TRUTH: [_NO_SCALAR]})
        raise InvalidGroundTruth(reason)

    def misfit(self, x: Features, y_true: GroundTruth) -> str | None:
        """Return why a ground truth of the paradigm is none of what a model was asked with, or None."""
        return None

    def learned(self, value: GroundTruth) -> GroundTruth:
        """Return a ground truth as it is scored and learned."""
        return value

    def error(self, y_true: GroundTruth, y_pred: Prediction) -> float | None:
        """Return how wrong a prediction was that could be scored: what drift watches; None: nobody knows."""
        return None

    def errors(self, scores: Scores) -> Sequence[float]:
        """Return the same of all that were scored; none where the model is not scored by them."""
        return ()

    def claimed_label(self, y_pred: Probabilities) -> Label:
        """Return the label whose probability a calibration compares with how often it came true."""
        return most_probable(y_pred)

    def observed(self, x: Features) -> Features:
        """Return the features of what a model was asked with, as drift watches them."""
        return x.get(FEATURES, {}) if self.takes and isinstance(x, dict) else x  # type: ignore[return-value]

    def feature_objects(self, x: Features) -> Sequence[tuple[str, object]]:
        """Return the features in what a model is asked with, each with its path in the request.

        Where they can be left out, and are, they are as good as empty. A feature contract is about these.
        """
        found = x.get(FEATURES, {}) if self.takes and isinstance(x, dict) else x
        return ((FEATURES, found),)

    def level(self, y_pred: Prediction) -> float | None:
        """Return the number that stands for a prediction when drift watches it; None: there is none."""
        return None


def last_step(model: object) -> object:
    """Return the step of a pipeline (of pipelines) that learns and predicts, or the model itself."""
    steps = getattr(model, "steps", None)
    while steps and isinstance(steps, dict):
        model = next(reversed(steps.values()))
        steps = getattr(model, "steps", None)
    return model


def transformed(model: Any, x: Any) -> Any:
    """Return features as the last step of a pipeline sees them."""
    steps = getattr(model, "steps", None)
    while steps and isinstance(steps, dict):
        x = model.transform_one(x)
        model = next(reversed(steps.values()))
        steps = getattr(model, "steps", None)
    return x


def is_a(step: object, kind: type[object]) -> bool:
    """Say whether a model is of a kind of River's, which look into what they wrap, and raise at times."""
    try:
        return isinstance(step, kind)
    except Exception:
        return False
