"""What statistics say, read as River's classes have it: most by `get`, others in ways of their own."""

from collections.abc import Callable
from typing import Any

from river import misc, proba, sketch, stats
from river.covariance.emp import SymmetricMatrix
from river.utils.rolling import BaseRolling

from models_app.paradigms.base import is_a

#: Reads a statistic.
Read = Callable[[Any], object]
#: Asks a statistic about one value.
Ask = Callable[[Any, Any], object]

#: River's classes of what is updated and read.
KINDS: tuple[type[object], ...] = (
    stats.base.Statistic,
    proba.base.Distribution,
    SymmetricMatrix,
    BaseRolling,
    sketch.Counter,
    sketch.HeavyHitters,
    sketch.Histogram,
    sketch.NUnique,
    sketch.Set,
    misc.SDFT,
    misc.Skyline,
)
#: Those that are updated with features.
OF_FEATURES: tuple[type[object], ...] = (
    SymmetricMatrix,
    proba.base.MultivariateContinuousDistribution,
    misc.Skyline,
)


def _distribution(model: Any) -> object:
    n_samples = model.n_samples
    # Before its first value, there is none in a distribution over what was seen.
    found = {"n_samples": n_samples, "mode": model.mode if n_samples else None}
    if isinstance(model, proba.Multinomial):
        return {**found, "probabilities": {event: model(event) for event in model}}
    if isinstance(model, proba.MultivariateGaussian):
        return {**found, "mu": model.mu}
    return {**found, **{name: getattr(model, name) for name in ("mu", "sigma") if hasattr(model, name)}}


def _matrix(model: Any) -> object:
    """Return the rows of a symmetric matrix by the names of the features."""
    rows: dict[Any, dict[Any, Any]] = {}
    for (one, other), value in model.matrix.items():
        number = value.get() if isinstance(value, stats.base.Statistic) else value
        rows.setdefault(one, {})[other] = rows.setdefault(other, {})[one] = number
    return rows


def _bins(model: Any) -> object:
    return [{"left": found.left, "right": found.right, "count": found.count} for found in model]


#: How those are read that have no `get`, and asked about a value, where they can be.
_WAYS: tuple[tuple[type[object], Read, Ask | None], ...] = (
    (proba.base.Distribution, _distribution, lambda model, value: model(value)),
    (SymmetricMatrix, _matrix, None),
    (sketch.Counter, lambda model: {"total": model.total()}, lambda model, value: model[value]),
    (sketch.HeavyHitters, lambda model: model.most_common(), lambda model, value: model[value]),
    (sketch.Histogram, _bins, lambda model, value: model.cdf(value)),
    (sketch.Set, lambda _: None, lambda model, value: value in model),
    (misc.SDFT, lambda model: [[found.real, found.imag] for found in model.coefficients], None),
    (misc.Skyline, list, None),
)


def measured(model: object) -> Any:
    """Return what a window in time or in updates goes over; another model itself.

    >>> from river import utils
    >>> measured(utils.Rolling(stats.Mean, window_size=3))
    Mean: 0.
    """
    return model.obj if isinstance(model, BaseRolling) else model


def read_by(model: object) -> Read | None:
    """Return how a statistic is read in a way of its own; None: by `get`, or not at all."""
    return next((read for kind, read, _ in _WAYS if is_a(measured(model), kind)), None)


def asked_by(model: object) -> Ask | None:
    """Return how a statistic is asked about a value; None: it cannot be."""
    return next((ask for kind, _, ask in _WAYS if is_a(measured(model), kind)), None)


def updated_by(model: Any) -> Callable[..., object]:
    """Return what takes one value. A set's `update` takes several, and a text for its letters."""
    update: Callable[..., object] = model.add if is_a(model, sketch.Set) else model.update
    return update
