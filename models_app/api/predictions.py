"""/api/predict and /api/learn: the short way."""

import time
from functools import partial
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from msgspec import Raw

from models_app.api import describing, needs, request_bodies, schemas
from models_app.api.exceptions import STATUS_BY_ERROR
from models_app.api.records import Submission
from models_app.domain import errors
from models_app.domain.errors import InvalidRequest
from models_app.engine.commands import Command
from models_app.services import predicting, publishing
from models_app.wire import arrays, fields, reading, writing
from models_app.wire.limits import MAX_RECORDS
from models_app.wire.reading import Asked
from web import aside
from web.answers import JsonAnswer
from web.asgi import Reply
from web.dispatch import AsyncViewSet
from web.shortcuts import Shortcut

# Here the model is a field of the body, not the address.
_STATUSES = {**STATUS_BY_ERROR, errors.ModelNotFound: 400}
_REFUSALS = (
    errors.FeatureContract,
    errors.ModelBusy,
    errors.ModelNotFound,
    errors.ModelNotLoadable,
    errors.ModelQuarantined,
    errors.ModelRaised,
    errors.NoDefaultModel,
)


class _PredictionsViewSet(AsyncViewSet):
    status_by_error: ClassVar = _STATUSES
    route: str
    submit = staticmethod(predicting.answer_to)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.refused = partial(publishing.refused, self.route)
        self.called = partial(publishing.called, self.route)

    async def dispatch(  # type: ignore[override]  # a coroutine, as its parent's
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Run the action and report how long it took."""
        started = time.perf_counter_ns()
        try:
            response = await super().dispatch(request, *args, **kwargs)
            if response.status_code >= 400:
                self.refused(response.status_code)
            return response
        finally:
            self.called(time.perf_counter_ns() - started)

    def ask(self, body: bytes) -> Command:
        """Return what a body with one record asks of the engine; raises `InvalidRequest`."""
        raise NotImplementedError

    def respond(self, command: Command, answer: Any) -> tuple[int, bytes]:
        """Return the engine's answer as the client gets it: its status, and JSON."""
        raise NotImplementedError

    def answer_soon(self, body: bytes, reply: Reply) -> Shortcut | None:
        """Answer a body with one record through `reply`, without a task; None: it has to be dispatched."""
        if self.is_protected or len(body) > aside.MAX_BYTES_ON_LOOP or arrays.is_array(body):
            return None
        return Shortcut(self, reply).take(body)

    async def _create(self, body: bytes, status: int) -> HttpResponse:
        is_long = len(body) > aside.MAX_BYTES_ON_LOOP
        asked = await aside.run(self._read, body) if is_long else self._read(body)
        if isinstance(asked, Command):
            answered, content = self.respond(asked, await predicting.answer(asked))
            return JsonAnswer(content, answered)
        # Refusals have their place among the answers.
        answers = await (await Submission.submitted(asked, self.route)).answers()
        return JsonAnswer(b"[" + b",".join(answers) + b"]", status)

    def _read(self, body: bytes) -> Command | list[Raw]:
        """Return what a body asks, or its records where it is an array of them; raises `InvalidRequest`."""
        return _records(body) if arrays.is_array(body) else self.ask(body)


class PredictViewSet(_PredictionsViewSet):
    """Predictions."""

    route = fields.PREDICT

    @describing.operation(
        need=needs.ASK,
        operation_id="predict",
        summary="Predict",
        description="With an `id`, the features are kept until the ground truth comes: then it answers 201. "
        "An array of records is answered with an array, refusals in their places.",
        request=request_bodies.PREDICT,
        responses={200: schemas.PREDICTIONS, 201: schemas.PREDICTION},
        refusals=(*_REFUSALS, errors.QuotaExceeded),
        statuses=_STATUSES,
    )
    async def create(self, request: HttpRequest) -> HttpResponse:
        """Predict from features."""
        return await self._create(request.body, 200)

    def ask(self, body: bytes) -> Command:  # noqa: D102
        return _admitted(reading.predict(body, time.time()))

    def respond(self, command: Command, answer: Any) -> tuple[int, bytes]:  # noqa: D102
        return (201 if command.commits else 200), writing.predicted(answer)


class LearnViewSet(_PredictionsViewSet):
    """Learns."""

    route = fields.LEARN

    @describing.operation(
        need=needs.TEACH,
        operation_id="learn",
        summary="Learn",
        description="By the `id` of a prediction, or from `features`; the `id` has precedence. "
        "Another `model` than the one that predicted it learns from the same features. "
        "An array of records is answered with an array, refusals in their places.",
        request=request_bodies.LEARN,
        responses={201: schemas.LEARNED},
        refusals=(*_REFUSALS, errors.InvalidGroundTruth, errors.NoFeatures, errors.PredictionNotPending),
        statuses=_STATUSES,
    )
    async def create(self, request: HttpRequest) -> HttpResponse:
        """Score a prediction against the ground truth, and learn from it."""
        return await self._create(request.body, 201)

    def ask(self, body: bytes) -> Command:  # noqa: D102
        return _admitted(reading.learn(body, time.time()))

    def respond(self, command: Command, answer: Any) -> tuple[int, bytes]:  # noqa: D102
        return 201, writing.LEARNED


def _admitted(command: Asked) -> Asked:
    needs.admit(command, needs.who())
    return command


def _records(body: bytes) -> list[Raw]:
    texts = arrays.items(body)
    if len(texts) > MAX_RECORDS:
        raise InvalidRequest(f"An array may have {MAX_RECORDS} records at the most.")
    return texts
