"""Forecasters, with a series for them, and what River alone forecasts of it."""

from typing import Any

from river import datasets, metrics, preprocessing, time_series

PASSENGERS = [float(y) for _, y in datasets.AirlinePassengers()]
#: How many steps ahead the server forecasts after each observation.
HORIZON = 12
_STEPS_OF_METRICS = (1, 3, 6, 12)
_WITH_FEATURES = 3

Answers = tuple[list[Any], dict[str, float | None]]


def snarimax() -> Any:
    return time_series.SNARIMAX(p=12, d=1, q=2, m=12, sd=1)


def holt_winters() -> Any:
    return time_series.HoltWinters(alpha=0.3, beta=0.1, gamma=0.6, seasonality=12, multiplicative=True)


def with_features() -> Any:
    return preprocessing.StandardScaler() | time_series.SNARIMAX(p=3, d=0, q=1)


MODELS = {"SNARIMAX": snarimax, "HoltWinters": holt_winters}


class Bare:
    """River alone: a model, and the metrics of what it forecast of each observation, 1 to 12 steps before."""

    def __init__(self, model: Any, horizon: int = HORIZON) -> None:
        self.model = model
        self._over_all = (metrics.MAE(), metrics.RMSE(), metrics.SMAPE())
        kinds = (metrics.MAE, metrics.RMSE, metrics.SMAPE)
        self._by_step = {(kind, step): kind() for kind in kinds for step in _STEPS_OF_METRICS}
        self._horizon = horizon
        self._made: list[list[float]] = []

    def forecast(self, xs: list[dict[str, Any]] | None = None) -> list[float] | None:
        """Return the forecast; None where the model has none yet."""
        can = not isinstance(self.model, time_series.HoltWinters) or len(self.model.level)
        return self.model.forecast(self._horizon, xs) if can else None

    def score(self, y: float, made: list[Any]) -> None:
        """Score what was forecast after each observation before, or for it; the newest is the last."""
        for step, forecast in enumerate(reversed(made[-self._horizon :]), start=1):
            if forecast:
                of_step = (metric for (_, only), metric in self._by_step.items() if only == step)
                for metric in (*self._over_all, *of_step):
                    metric.update(y, forecast[step - 1])

    def observe(self, y: float) -> None:
        """Score, learn, and forecast from there."""
        self.score(y, self._made)
        self.model.learn_one(y)
        self._made.append(self.forecast() or [])

    def values(self) -> dict[str, float | None]:
        """Return the metrics, as the server names them."""
        return {type(metric).__name__: metric.get() for metric in self._over_all} | {
            f"{kind.__name__}[{step}]": metric.get() for (kind, step), metric in self._by_step.items()
        }


def requests(number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the requests of a record: a forecast, at times under an id, and the next observation."""
    asked = {"horizon": HORIZON, "id": number} if number % 3 else {"horizon": HORIZON}
    return [("predict", asked), ("learn", {"ground_truth": PASSENGERS[number % len(PASSENGERS)]})]


def bare(model: Any, n: int) -> Answers:
    """Return what River alone forecasts, and the metrics."""
    loop, answers = Bare(model), []
    for number in range(n):
        answers.append(loop.forecast())
        loop.observe(PASSENGERS[number % len(PASSENGERS)])
    return answers, loop.values()


def _xs(number: int) -> list[dict[str, Any]]:
    return [{"month": float((number + step) % 12)} for step in range(_WITH_FEATURES)]


def requests_with_features(number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the requests of a record where forecasts need features, and have ids to be scored by."""
    xs = _xs(number)
    return [
        ("predict", {"horizon": _WITH_FEATURES, "xs": xs, "id": number}),
        ("learn", {"features": xs[0], "ground_truth": PASSENGERS[number % len(PASSENGERS)]}),
    ]


def bare_with_features(model: Any, n: int) -> Answers:
    """Return what River alone forecasts from features, and the metrics."""
    loop, answers = Bare(model, _WITH_FEATURES), []
    for number in range(n):
        xs, y = _xs(number), PASSENGERS[number % len(PASSENGERS)]
        answers.append(loop.forecast(xs))
        loop.score(y, answers)
        model.learn_one(xs[0], y)
    return answers, loop.values()
