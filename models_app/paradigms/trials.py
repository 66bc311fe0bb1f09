"""A trial of a model before it is served: made-up records, on a copy, in bounded time.

What a model does with features that are not its own says little; what it does with those that it takes says
much. A model that takes none of these is served all the same, unless it fails in a way that no features mend.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from models_app.domain import blobs, drawings, river_versions, uploads
from models_app.domain.errors import ChantillyError, ModelNotSuitable
from models_app.domain.failing import described
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction, UnsupportedPrediction
from models_app.domain.remarks import Remark
from models_app.domain.scoring import GroundTruth
from models_app.domain.specs import building, describing
from models_app.domain.specs.describing import NOT_DESCRIBED, Specification
from models_app.domain.uploads import Taken
from models_app.paradigms import guessing, options, read_only, suitability, timed, trial_features
from models_app.paradigms.base import MakeInputs, MakeTruth, Paradigm

#: What is under way; a process that ends meanwhile has this to say.
LOADING, BUILDING, TRYING = "unpickling", "building", "trying"
#: What trying may take, in seconds; a model that needs longer is taken as it is.
TRYING_SECONDS = 2.0
_N_LEARNS = 12


@dataclass(frozen=True, slots=True)
class TrialResult:
    """The outcome of a trial: how the model predicts, as in `ModelState`, and remarks about it.

    `flavor` is the one that it is for, where none was named. `gives_intervals`: where it is asked for them.
    `specification` describes the model as it was before it was tried.
    """

    predict_method: str = ""
    remarks: tuple[Remark, ...] = ()
    flavor: str = ""
    gives_intervals: bool = False
    # Results are compared by how the model is served: this says nothing of it.
    specification: Specification = field(default=NOT_DESCRIBED, compare=False, repr=False)
    # HTML, where it was asked for.
    drawing: str = field(default="", compare=False, repr=False)


#: Hears what is under way, and what is known of the model by then.
Reached = Callable[[str, TrialResult], None]


class _Slow(Exception):
    """The time is up."""


class _Failed(Exception):
    """The model raised at a step; `is_final`: whatever the features are."""

    def __init__(self, step: str, error: BaseException, *, is_final: bool = False) -> None:
        super().__init__(step, error)
        self.step = step
        self.error = error
        self.is_final = is_final


def run(  # noqa: PLR0913  # as many as an upload has choices
    data: bytes,
    flavor_name: str,
    reached: Reached,
    *,
    is_read_only: bool = False,
    taken: Taken = Taken.ANY,
    is_spec: bool = False,
    is_drawn: bool = False,
) -> TrialResult:
    """Unpickle an upload and try it; `reached` hears how far it is, and what is known by then.

    The flavor may be `guessing.AUTO`. What is to be served read-only learns nothing here either; what is more
    than is `taken` is not unpickled. One that `is_spec`, a specification, is built, and nothing of it is
    unpickled. It draws itself where `is_drawn`.
    Raises `InvalidSpec`, `ModelNotAllowed`, `ModelNotReadable`, `ModelNotSuitable`.
    It runs the upload's code: see `services.trials`.
    """
    reached(BUILDING if is_spec else LOADING, TrialResult())
    load = partial(building.load, data) if is_spec else partial(uploads.loads, data, taken)
    model = load()
    specification = describing.describe(model)
    try:
        flavor = guessing.flavor_for(model, flavor_name).serving(model)
        flavor = timed.of(flavor, model)
        flavor = read_only.of(flavor) if is_read_only else flavor
        method = suitability.check(model, flavor)
        gives_intervals = options.gives_intervals(model, flavor)
    except ChantillyError:
        raise
    except BaseException as error:
        text = (
            f"The model raises when its methods are asked for: {uploads.one_line(error)}. Mend its "
            "__getattr__ and its properties; getattr(model, 'learn_one', None) shows it."
        )
        raise ModelNotSuitable(text) from error
    guessed = flavor.name if flavor_name == guessing.AUTO else ""
    known = TrialResult(
        method,
        flavor=guessed,
        gives_intervals=gives_intervals,
        specification=specification,
        drawing=drawings.drawn_if_it_can_be(model) if is_drawn else "",
    )
    reached(TRYING, known)
    found = _try(load, model, flavor, method)
    return replace(known, predict_method=found.predict_method, remarks=found.remarks)


def _try(load: Callable[[], Any], model: Any, flavor: Paradigm, method: str) -> TrialResult:
    deadline = time.monotonic() + TRYING_SECONDS
    failures: list[_Failed] = []
    for x, truth in _records(flavor):
        attempt = _Attempt(model, flavor, method, deadline)
        try:
            attempt.go_through(x, truth)
        except _Slow:
            return attempt.finding()
        except _Failed as failed:
            if failed.is_final:
                raise ModelNotSuitable(failed.step) from failed.error
            method = attempt.method
            failures.append(failed)
            # What raised may have changed it.
            model = load()
        else:
            return attempt.finding()
    for failure in failures:
        reason = _reason(failure, flavor)
        if reason is not None:
            raise ModelNotSuitable(reason) from failure.error
    return TrialResult(method)


class _Attempt:
    """Lets a model predict and learn from features of one kind, and again after it was pickled."""

    def __init__(self, model: Any, flavor: Paradigm, method: str, deadline: float) -> None:
        self.method = method
        self._model = model
        self._flavor = flavor
        self._deadline = deadline
        self._remarks: list[Remark] = []

    def finding(self) -> TrialResult:
        return TrialResult(self.method, tuple(self._remarks))

    def go_through(self, x: "MakeInputs", truth: MakeTruth) -> None:
        """Raise `_Failed` where the model raises, `_Slow` where it takes too long."""
        self._predict(x(0))
        for number in range(_N_LEARNS):
            self._learn(x(number), truth(number))
            self._predict(x(number + 1))
        if self._is_pickled_again():
            self._goes_on(x, truth)

    def _predict(self, x: Features) -> None:
        try:
            self._answer(self.method, x)
        except (NotImplementedError, AttributeError) as error:
            method = None if self.method else self._flavor.fallback(self._model)
            if method is None or not self._answers(method, x):
                raise _Failed("predict", error) from error
            self.method = method
        except BaseException as error:  # panics of Rust are no exceptions
            raise _Failed("predict", error) from error
        self._check_time()

    def _learn(self, x: Features, y: GroundTruth) -> None:
        try:
            taught = self._flavor.taught(x, self._answer(self.method, x)) if self._flavor.takes else x
            self._flavor.learner(self._model)(taught, y)
        except BaseException as error:
            raise _Failed("learn", error) from error
        self._check_time()

    def _answer(self, method: str, x: Features) -> Prediction:
        flavor = self._flavor.served_by(method)
        return flavor.normalize(flavor.predictor(self._model)(x))

    def _answers(self, method: str, x: Features) -> bool:
        try:
            self._answer(method, x)
        except BaseException:
            return False
        return True

    def _is_pickled_again(self) -> bool:
        """Replace the model by what comes out of its own pickle; say whether there is one."""
        try:
            data = blobs.dumps(self._model)
        except BaseException as error:
            raised = uploads.one_line(error)
            text = f"It cannot be pickled once it has learned, so that it has no snapshots: {raised}."
            self._remarks.append(Remark(code="not_picklable", message=text))
            return False
        self._check_time()
        try:
            self._model = blobs.loads(data)
        except OSError:
            # A file, which it may write to in the server: that says nothing.
            return False
        except BaseException as error:
            raise self._not_its_own(error) from error
        self._check_time()
        return True

    def _goes_on(self, x: "MakeInputs", truth: MakeTruth) -> None:
        try:
            for number in range(2):
                self._predict(x(number))
                self._learn(x(number), truth(number))
        except _Failed as failure:
            if isinstance(failure.error, OSError):
                return
            raise self._not_its_own(failure.error) from failure

    def _not_its_own(self, error: BaseException) -> _Failed:
        learns = "" if self._flavor.is_read_only else f"{_N_LEARNS} learns and "
        text = (
            f"The model does not survive its own pickle: after {learns}a pickle it raises "
            f"{uploads.one_line(error)}, and it did not before. A restart of the server would break it: "
            "serve another one, or mend its __getstate__ and __setstate__."
        )
        return _Failed(text, error, is_final=True)

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise _Slow


def _reason(failure: _Failed, flavor: Paradigm) -> str | None:
    """Say why no features would mend it; None: others may."""
    error, text = failure.error, described(failure.error)
    method = flavor.methods[0] if failure.step == "learn" else flavor.predict_method
    if isinstance(error, NotImplementedError):
        or_read_only = f" {read_only.HINT}" if method == read_only.LEARN else ""
        return (
            f"The model has {method}, which is not implemented: it raises {text}. Implement it, or upload "
            f"another model, {flavor.wanted}.{or_read_only}"
        )
    if isinstance(error, UnsupportedPrediction):
        return (
            f"The flavor '{flavor.name}' cannot answer what the model predicts: {error}. Upload "
            f"{flavor.wanted}, or have its {method} return {flavor.answer_in_words}."
        )
    # One of the interpreter's own: it says nothing.
    if isinstance(error, MemoryError) and not error.args:
        return (
            f"{method} needs more memory than a trial may take: make the model smaller, or the setting "
            "UPLOAD_MEMORY larger."
        )
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{method} raises {text}: {uploads.missing_library(error.name)}."
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return (
            f"{method} raises {text}: a function of the model uses a name that did not come along. Import or "
            "define it within the function, or pickle with dill.dumps(model, recurse=True)."
        )
    hint = river_versions.hint(error)
    return f"{method} raises {text}: {hint}." if hint else None


def _records(flavor: Paradigm) -> Iterator[tuple[MakeInputs, MakeTruth]]:
    for inputs in flavor.trial_inputs or trial_features.KINDS:
        for truth in flavor.trial_truths:
            yield inputs, truth
