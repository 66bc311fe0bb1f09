"""Helpers of the examples: options, a stream over HTTP, and the same stream through River alone."""

import argparse
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from typing import Any

from client import DEFAULT_URL, Client, NotReachable, Refused
from rich.console import Console
from rich.progress import track
from rich.table import Table
from river import metrics, stream

#: What happens, in order: the number of the observation, its features, and its ground truth once it is known.
Events = list[tuple[int, Any, Any]]
Metrics = dict[str, float | None]

METRICS: dict[str, tuple[Callable[[], metrics.base.Metric], ...]] = {
    "regression": (metrics.MAE, metrics.RMSE, metrics.SMAPE),
    "binary": (metrics.Accuracy, metrics.LogLoss, metrics.Precision, metrics.Recall, metrics.F1),
    # Not the macro averages: River adds their classes up in another order in each process.
    "multiclass": (metrics.Accuracy, metrics.CrossEntropy, metrics.MicroF1),
    "label": (metrics.Accuracy, metrics.MicroF1),
    "multilabel": (
        metrics.multioutput.ExactMatch,
        lambda: metrics.multioutput.MicroAverage(metrics.Jaccard()),
        lambda: metrics.multioutput.SampleAverage(metrics.Jaccard()),
    ),
    "multioutput": (
        lambda: metrics.multioutput.MicroAverage(metrics.MAE()),
        lambda: metrics.multioutput.MicroAverage(metrics.RMSE()),
        lambda: metrics.multioutput.MacroAverage(metrics.MAE()),
        lambda: metrics.multioutput.MacroAverage(metrics.RMSE()),
    ),
    "anomaly": (metrics.RollingROCAUC, metrics.RollingPRAUC, metrics.ROCAUC),
}
#: What models predict with, where it is not `predict_proba_one`.
METHODS = {
    "regression": "predict_one",
    "label": "predict_one",
    "multioutput": "predict_one",
    "anomaly": "score_one",
}
#: Flavors that learn at once, without a ground truth, which is for their scores when it comes.
LEARN_AT_ONCE = {"anomaly", "clustering"}


def options(description: str | None, *, limit: int | None) -> argparse.ArgumentParser:
    """Return a parser of the options that all examples have; without a limit they stream everything."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--url", default=DEFAULT_URL, help="where the server is (default: %(default)s)")
    most = "all" if limit is None else limit
    parser.add_argument(
        "--limit", type=int, default=limit, help=f"observations to stream, at most (default: {most})"
    )
    return parser


def need(*packages: str) -> None:
    """End the script with one line where one of the packages is not installed."""
    missing = [package for package in packages if not _is_installed(package)]
    if missing:
        sys.exit(f"This example needs more than is installed: pip install {' '.join(missing)}")


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def connect(url: str) -> Client:
    """Return a client of a server; end the script where none answers."""
    client = Client(url)
    try:
        client.models()
    except (NotReachable, Refused) as error:
        sys.exit(str(error))
    return client


def delayed(dataset: Iterable[tuple[Any, Any]], *, least: int, most: int, seed: int = 42) -> Events:
    """Return a data set as events: a ground truth comes `least` to `most` observations after its features."""
    draw = random.Random(seed)
    return list(stream.simulate_qa(dataset, moment=None, delay=lambda _x, _y: draw.randint(least, most)))


def over_http(client: Client, name: str, events: Events, *, flavor: str) -> Metrics:
    """Send the events to the server's model; return the metrics that it gives for it."""
    for number, features, ground_truth in track(events, description="Streaming"):
        # Ids belong to the whole server: other models' clients may count from 0 as well.
        prediction_id = f"{name}-{number}"
        if ground_truth is not None:
            client.learn(ground_truth, id=prediction_id)
            continue
        client.predict(features, id=prediction_id, model=name)
        if flavor in LEARN_AT_ONCE:
            client.learn(id=prediction_id)
    return client.metrics(model=name)


def bare_loop(model: Any, events: Events, *, flavor: str) -> Metrics:
    """Do with River alone what the server does; return the same metrics."""
    predict: Callable[[Any], Any] = getattr(model, METHODS.get(flavor, "predict_proba_one"))
    learns_at_once = flavor in LEARN_AT_ONCE
    scores = [metric() for metric in METRICS[flavor]]
    predictions = {}
    for number, features, ground_truth in events:
        if ground_truth is None:
            predictions[number] = predict(features)
            if learns_at_once:
                model.learn_one(features)
            continue
        # Score before learning: afterwards the model has seen the answer.
        _score(scores, ground_truth, predictions.pop(number))
        if not learns_at_once and hasattr(model, "learn_one"):
            model.learn_one(features, ground_truth)
    return {_name(score): score.get() for score in scores}


def _name(metric: metrics.base.Metric) -> str:
    """Return a metric's name, as the server has it: with that of the metric that it is made of."""
    inner = getattr(metric, "metric", None)
    name = type(metric).__name__
    return f"{name}({type(inner).__name__})" if isinstance(inner, metrics.base.Metric) else name


def _score(scores: Sequence[Any], ground_truth: Any, prediction: Any) -> None:
    if prediction is None or prediction == {}:
        # A classifier that has not seen any label yet.
        return
    if isinstance(ground_truth, dict):
        # Of several labels or targets; of labels the more probable one counts.
        prediction = {name: _likelier(value) for name, value in prediction.items()}
    for score in scores:
        if (
            isinstance(prediction, dict)
            and not isinstance(ground_truth, dict)
            and getattr(score, "requires_labels", False)
        ):
            score.update(ground_truth, max(prediction, key=prediction.get))
        else:
            score.update(ground_truth, prediction)


def _likelier(value: Any) -> Any:
    return max(value, key=value.get) if isinstance(value, dict) else value


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
