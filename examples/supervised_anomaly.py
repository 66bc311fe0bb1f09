"""Supervised anomaly detection: which measurements are wrong? (River's WaterFlow, 1,268 hours of a pipe.)

One in 25 is spoiled here. The model learns each measurement at once; whether it was wrong comes days later,
and scores what was predicted.
"""

import random
from typing import Any

import running
from client import Client
from rich.progress import track
from river import anomaly, datasets

NAME = "example-water"
SEED = 42


def main() -> None:
    options = running.options(__doc__, limit=1268).parse_args()
    client = running.connect(options.url)

    # How unlikely is a value among those of the last two weeks?
    model = anomaly.GaussianScorer(window_size=14 * 24, grace_period=24)
    client.upload(model, NAME, flavor="supervised_anomaly")

    draw = random.Random(SEED)
    events = running.delayed(
        (spoiled(flow, draw) for _, flow in datasets.WaterFlow().take(options.limit)), least=24, most=96
    )
    running.report("WaterFlow", over_http(client, events), bare_loop(model, events))


def spoiled(flow: float, draw: random.Random) -> tuple[float, bool]:
    """Return a measurement, and whether it was spoiled."""
    is_wrong = draw.random() < 0.04
    return (flow * draw.choice([0.2, 3.0]) if is_wrong else flow), is_wrong


def over_http(client: Client, events: running.Events) -> running.Metrics:
    """Send the measurements to the server's model; return the metrics that it gives for it."""
    for number, flow, is_wrong in track(events, description="Streaming"):
        prediction_id = f"{NAME}-{number}"
        if is_wrong is None:
            client.predict(observed=flow, id=prediction_id, model=NAME)
            client.learn(id=prediction_id)
        else:
            client.learn(is_wrong, id=prediction_id)
    return client.metrics(model=NAME)


def bare_loop(model: Any, events: running.Events) -> running.Metrics:
    """Do with River alone what the server does; return the same metrics."""
    scores = {kind.__name__: kind() for kind in running.METRICS["anomaly"]}
    predicted = {}
    for number, flow, is_wrong in events:
        if is_wrong is None:
            predicted[number] = model.score_one(None, flow)
            model.learn_one(None, flow)
            continue
        for metric in scores.values():
            metric.update(is_wrong, predicted[number])
    return {name: metric.get() for name, metric in scores.items()}


if __name__ == "__main__":
    main()
