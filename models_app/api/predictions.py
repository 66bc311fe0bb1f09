"""/api/predict and /api/learn: the short way."""

import time
from typing import Any, ClassVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from msgspec import UNSET

from models_app.api import schemas
from models_app.api.answers import JsonAnswer
from models_app.api.bodies import BodyReader, LearnBody, PredictBody
from models_app.api.dispatch import AsyncViewSet
from models_app.api.exceptions import STATUS_BY_ERROR
from models_app.api.records import Batch
from models_app.domain import errors, predictions
from models_app.domain.errors import InvalidRequest
from models_app.services import predicting, publishing

_predict_reader = BodyReader(PredictBody)
_learn_reader = BodyReader(LearnBody)
_encoder = msgspec.json.Encoder()
_NOTHING = b"{}"
_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])
MAX_RECORDS = 10_000


class _PredictionsViewSet(AsyncViewSet):
    # Here the model is a field of the body, not the address.
    status_by_error: ClassVar = {**STATUS_BY_ERROR, errors.ModelNotFound: 400}
    route: str

    async def dispatch(  # type: ignore[override]  # a coroutine, as its parent's
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Run the action and tell how long it took."""
        started = time.perf_counter_ns()
        try:
            response = await super().dispatch(request, *args, **kwargs)
            if response.status_code >= 400:
                publishing.refused(self.route, response.status_code)
            return response
        finally:
            publishing.called(self.route, time.perf_counter_ns() - started)


class PredictViewSet(_PredictionsViewSet):
    """Predictions."""

    route = "predict"

    @extend_schema(
        operation_id="predict",
        summary="Predict",
        description="With an `id`, the features are kept until the ground truth comes: then it answers 201.",
        request=schemas.PREDICT,
        responses={200: schemas.PREDICTION, 201: schemas.PREDICTION, **schemas.REFUSALS},
    )
    async def create(self, request: HttpRequest) -> HttpResponse:
        """Predict from features."""
        if _is_array(request.body):
            return await _answer_array(request.body, "predict", 200)
        body = _predict_reader.read(request.body)
        prediction_id = None if body.id is UNSET else body.id
        name, prediction = await predicting.predict(
            features_json=bytes(body.features),
            prediction_id=prediction_id,
            model=None if body.model is UNSET else body.model,
            now=time.time(),
        )
        answer = {"model": name, "prediction": predictions.to_json(prediction)}
        return JsonAnswer(_encoder.encode(answer), 200 if prediction_id is None else 201)


class LearnViewSet(_PredictionsViewSet):
    """Learns."""

    route = "learn"

    @extend_schema(
        operation_id="learn",
        summary="Learn",
        description="By the `id` of a prediction, or from `features`; the `id` has precedence.",
        request=schemas.LEARN,
        responses={201: schemas.EMPTY, **schemas.REFUSALS},
    )
    async def create(self, request: HttpRequest) -> HttpResponse:
        """Score a prediction against the ground truth, and learn from it."""
        if _is_array(request.body):
            return await _answer_array(request.body, "learn", 201)
        body = _learn_reader.read(request.body)
        await predicting.learn(
            ground_truth=body.ground_truth,
            prediction_id=None if body.id is UNSET else body.id,
            features_json=None if body.features is UNSET else bytes(body.features),
            model=None if body.model is UNSET else body.model,
            now=time.time(),
        )
        return JsonAnswer(_NOTHING, 201)


def _is_array(body: bytes) -> bool:
    # The first byte decides, mostly.
    return body[:1] == b"[" or (body[:1].isspace() and body.lstrip()[:1] == b"[")


async def _answer_array(body: bytes, op: str, status: int) -> HttpResponse:
    """Answer an array of records with an array of answers, refusals in their place among them."""
    try:
        texts = _array_decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None
    if len(texts) > MAX_RECORDS:
        raise InvalidRequest(f"An array may have {MAX_RECORDS} records at the most.")
    answers = await Batch(texts, op).answers()
    return JsonAnswer(b"[" + b",".join(answers) + b"]", status)
