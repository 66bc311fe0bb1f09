"""Drift detection: when did a stream of numbers change? (Made up: its mean moves every 200 values.)"""

import random
from typing import Any

import running
from client import Client
from rich.progress import track
from river import drift

NAME = "example-changes"
STRETCH = 200


def main() -> None:
    options = running.options(__doc__, limit=1000).parse_args()
    client = running.connect(options.url)

    model = drift.ADWIN()
    client.upload(model, NAME, flavor="drift")

    draw = random.Random(42)
    values = [draw.gauss(number // STRETCH % 3, 0.5) for number in range(options.limit)]
    running.report("Changes", over_http(client, values), bare_loop(model, values))


def over_http(client: Client, values: list[float]) -> running.Metrics:
    """Send the values to the server's detector; return how often it saw a drift, and what it expects now."""
    for value in track(values, description="Streaming"):
        client.learn(value, model=NAME)
    reading = client.predict(model=NAME)
    return {**client.metrics(model=NAME), "Estimation": reading["estimation"]}


def bare_loop(model: Any, values: list[float]) -> running.Metrics:
    """Do with River alone what the server does; return the same."""
    n_drifts = 0
    for value in values:
        # What the value before has shown.
        n_drifts += model.drift_detected
        model.update(value)
    return {"Drifts": n_drifts, "Estimation": model.estimation}


if __name__ == "__main__":
    main()
