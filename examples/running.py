"""Helpers of the examples: options, a stream over HTTP, and the same stream through River alone."""

import argparse
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from client import DEFAULT_URL, Client, NotReachable, Refused
from rich.console import Console
from rich.progress import track
from rich.table import Table
from river import metrics, stream

#: What happens, in order: the number of the observation, its features, and its ground truth once it is known.
Events = list[tuple[int, Any, Any]]
Metrics = dict[str, float | None]

METRICS: dict[str, tuple[type[metrics.base.Metric], ...]] = {
    "regression": (metrics.MAE, metrics.RMSE, metrics.SMAPE),
    "binary": (metrics.Accuracy, metrics.LogLoss, metrics.Precision, metrics.Recall, metrics.F1),
    # Not the macro averages: River adds their classes up in another order in each process.
    "multiclass": (metrics.Accuracy, metrics.CrossEntropy, metrics.MicroF1),
}


def options(description: str | None, *, limit: int) -> argparse.ArgumentParser:
    """Return a parser of the options that all examples have."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--url", default=DEFAULT_URL, help="where the server is (default: %(default)s)")
    parser.add_argument(
        "--limit", type=int, default=limit, help="observations to stream, at most (default: %(default)s)"
    )
    return parser


def connect(url: str, *, flavor: str) -> Client:
    """Return a client of a server of this flavor, set if there is none yet; otherwise end the script."""
    client = Client(url)
    try:
        found = client.flavor()
        if found is None:
            client.set_flavor(flavor)
    except (NotReachable, Refused) as error:
        sys.exit(str(error))
    if found not in {None, flavor}:
        sys.exit(
            f"The flavor of {client.url} is '{found}', and this example needs '{flavor}'. A server has one "
            f"flavor: take another (`make run INSTANCE_PATH=instance-{flavor} PORT=5001`, then `--url`)."
        )
    return client


def delayed(dataset: Iterable[tuple[Any, Any]], *, least: int, most: int, seed: int = 42) -> Events:
    """Return a data set as events: a ground truth comes `least` to `most` observations after its features."""
    draw = random.Random(seed)
    return list(stream.simulate_qa(dataset, moment=None, delay=lambda _x, _y: draw.randint(least, most)))


def over_http(client: Client, name: str, events: Events) -> Metrics:
    """Send the events to the server's model; return the metrics that it gives for it."""
    for number, features, ground_truth in track(events, description="Streaming"):
        # Ids belong to the whole server: other models' clients may count from 0 as well.
        prediction_id = f"{name}-{number}"
        if ground_truth is None:
            client.predict(features, id=prediction_id, model=name)
        else:
            client.learn(ground_truth, id=prediction_id)
    return client.metrics(model=name)


def bare_loop(model: Any, events: Events, *, flavor: str) -> Metrics:
    """Do with River alone what the server does; return the same metrics."""
    predict: Callable[[Any], Any] = model.predict_one if flavor == "regression" else model.predict_proba_one
    scores = [metric() for metric in METRICS[flavor]]
    predictions = {}
    for number, features, ground_truth in events:
        if ground_truth is None:
            predictions[number] = predict(features)
        else:
            # Score before learning: afterwards the model has seen the answer.
            _score(scores, ground_truth, predictions.pop(number))
            model.learn_one(features, ground_truth)
    return {type(score).__name__: score.get() for score in scores}


def _score(scores: Sequence[Any], ground_truth: Any, prediction: Any) -> None:
    if prediction is None or prediction == {}:
        # A classifier that has not seen any label yet.
        return
    for score in scores:
        if isinstance(prediction, dict) and score.requires_labels:
            score.update(ground_truth, max(prediction, key=prediction.get))
        else:
            score.update(ground_truth, prediction)


def report(title: str, served: Metrics, bare: Metrics) -> None:
    """Print both, side by side, and whether they are equal."""
    table = Table("", "server", "bare River loop", title=title, title_justify="left")
    for name, value in bare.items():
        table.add_row(name, _shown(served.get(name)), _shown(value))
    console = Console()
    console.print(table)
    equal = all(served.get(name) == value for name, value in bare.items())
    console.print("Equal to the last bit." if equal else "Not equal: has somebody else used the model?")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.6f}"
