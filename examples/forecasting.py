"""Forecasting: next year's airline passengers, month by month. (River's AirlinePassengers, 144 months.)"""

from collections import deque
from typing import Any

import running
from client import Client
from rich.progress import track
from river import datasets, metrics, time_series

NAME = "example-passengers"
# What the server forecasts after each observation; River's own scores begin later, and end earlier.
HORIZON = 12
STEPS = (1, 3, 6, 12)


def main() -> None:
    options = running.options(__doc__, limit=144).parse_args()
    client = running.connect(options.url)

    model = time_series.SNARIMAX(p=2, d=1, q=1, m=12, sp=1, sd=1)
    client.upload(model, NAME, flavor="forecasting")

    passengers = [float(y) for _, y in datasets.AirlinePassengers().take(options.limit)]
    running.report("AirlinePassengers", over_http(client, passengers), bare_loop(model, passengers))


def over_http(client: Client, series: list[float]) -> running.Metrics:
    """Send the series to the server's model; return the metrics that it gives for it."""
    for y in track(series, description="Streaming"):
        client.learn(y, model=NAME)
    return client.metrics(model=NAME)


def bare_loop(model: Any, series: list[float]) -> running.Metrics:
    """Do with River alone what the server does; return the same metrics."""
    over_all = [metrics.MAE(), metrics.RMSE(), metrics.SMAPE()]
    by_step = {step: metrics.MAE() for step in STEPS}
    # The newest first: what was forecast one step before, two steps before, ...
    made: deque[list[float]] = deque(maxlen=HORIZON)
    for y in series:
        for step, forecast in enumerate(made, start=1):
            for score in (*over_all, *([by_step[step]] if step in by_step else [])):
                score.update(y, forecast[step - 1])
        model.learn_one(y)
        made.appendleft(model.forecast(HORIZON))
    return {type(score).__name__: score.get() for score in over_all} | {
        f"MAE[{step}]": score.get() for step, score in by_step.items()
    }


if __name__ == "__main__":
    main()
