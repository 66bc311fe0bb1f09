"""Warming a model up from its history: it predicts, is scored and learns, record by record."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.domain.scoring import GroundTruth
from models_app.engine.commands import Command, Inspect, Predict, PredictInDetail
from models_app.services import configuring
from models_app.services.feeding import Feed
from models_app.services.files import FileRecord
from models_app.services.finding import find
from models_app.services.folding import get_instance_metrics
from models_app.services.handing import client
from models_app.wire.commands import learn_command, predict_command

logger = logging.getLogger(__name__)

_TIDY_SECONDS = 2.0


def learn_feed(*, model: str, skip_errors: bool) -> Feed[FileRecord]:
    """Return a feed whose records `model` learns, in order, each as the API's learn with features.

    Raises `FlavorNotSet`, `ModelNotFound`, `ModelNotLoadable`, `StorageUnavailable`.
    """
    configuring.check_set_up()
    paradigm = find(model).paradigm
    vitals(model)

    def checked(truth: GroundTruth) -> GroundTruth:
        # The engine checks it again; here a wrong one keeps the lines after it from being sent.
        return None if truth is None and paradigm.models_differ else paradigm.ground_truth(truth)

    def to_command(record: FileRecord) -> Command:
        if record.model not in (None, model):
            raise InvalidRequest({"model": [f"must be '{model}', which learns from this file"]})
        return learn_command(
            ground_truth=checked(record.ground_truth),
            prediction_id=None,
            features_json=record.features,
            members=record.members,
            model=model,
            now=time.time(),
        )

    return Feed(to_command, skip_errors=skip_errors)


def needs_truth(model: str) -> bool:
    """Say whether a model learns nothing without a ground truth, as far as its flavor says it.

    Raises `FlavorNotSet`, `ModelNotFound`, `StorageUnavailable`.
    """
    configuring.check_set_up()
    paradigm = find(model).paradigm
    return paradigm.needs_truth and not paradigm.models_differ


def predict_feed(*, model: str | None, skip_errors: bool, options: Sequence[str] = ()) -> Feed[FileRecord]:
    """Return a feed whose records are predicted, each as by the API's predict, with `options`.

    A record's own model has precedence over `model`; None is the default model. What has an id is kept,
    durably, until its ground truth comes.
    """
    asked = tuple(dict.fromkeys(options))

    def to_command(record: FileRecord) -> Predict:
        command = predict_command(
            features_json=record.features,
            members=record.members,
            prediction_id=record.prediction_id,
            model=record.model if record.model is not None else model,
            now=time.time(),
        )
        return PredictInDetail(command, asked) if asked else command

    return Feed(to_command, skip_errors=skip_errors)


class ModelFigures(Protocol):
    """The figures that a command reports of a model."""

    @property
    def seq(self) -> int:
        """The number of its last learn."""

    @property
    def metrics(self) -> dict[str, float | None]:
        """Its metrics over all of its learns."""


def vitals(model: str) -> ModelFigures:
    """Return a model's figures; raises `ModelNotFound`, `ModelNotLoadable`, `StorageUnavailable`."""
    figures: ModelFigures = client.call(Inspect(model))
    return figures


class MetricsPoller:
    """Poll a model's metrics while it learns; `tick` is to be called now and then, and does not wait."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._asked: Future[ModelFigures] | None = None
        self._tidied_at = time.monotonic()
        self.metrics: dict[str, float | None] = {}

    def tick(self) -> None:
        """Take the metrics that were asked for, ask anew, and keep the instance's metrics written down."""
        if self._asked is None or self._asked.done():
            if self._asked is not None and self._asked.exception() is None:
                self.metrics = self._asked.result().metrics
            command = Inspect(self._model)
            self._asked = command.answered_in_thread()
            client.submit([command])
        if time.monotonic() - self._tidied_at > _TIDY_SECONDS and not client.is_handed_over():
            _if_possible(get_instance_metrics().tidy)
            self._tidied_at = time.monotonic()

    def finish(self) -> None:
        """See `write_down_metrics`."""
        write_down_metrics()


def write_down_metrics() -> None:
    """Write down the metrics over all models, so that a server need not fold all that was learned here."""
    if not client.is_handed_over():
        # A server writes them down itself.
        _if_possible(get_instance_metrics().persist)


def _if_possible(step: Callable[[], None]) -> None:
    try:
        step()
    except ChantillyError as error:
        # Whoever asks for the metrics next folds the journal.
        logger.debug("put off: %s", error)
