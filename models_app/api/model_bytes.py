"""/api/model: models as bytes, and as specifications."""

import json
import re
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, request_bodies, schemas
from models_app.api.awaiting import asked
from models_app.api.upload_threads import in_upload_threads
from models_app.domain import actors, errors
from models_app.domain.specs.describing import Specification
from models_app.paradigms import chosen_metrics
from models_app.paradigms.guessing import AUTO
from models_app.paradigms.registry import FLAVORS
from models_app.services import exporting, specifying, uploading
from models_app.services.signed_uploads import HEADER
from web.dispatch import ThreadedViewSet
from web.needs import needing

_JSON = "application/json"
# No pickle begins as JSON does.
_BEGINS_JSON = re.compile(rb'\s*(?:[{\["\-0-9tfn]|\Z)')
_FORMATS = ("pickle", "spec")


class _AnyFormat(DefaultContentNegotiation):
    """The parameter `format` is ours: DRF would look for a renderer of that name."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class _MaxModelBytes:
    """The setting, read when it is asked for."""

    def __get__(self, instance: object, owner: type) -> int:
        limit: int = settings.MAX_MODEL_BYTES
        return limit


class ModelViewSet(ThreadedViewSet):
    """One model: upload, download, delete."""

    max_body_bytes = _MaxModelBytes()
    content_negotiation_class = _AnyFormat

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:  # noqa: D102
        view = super(ThreadedViewSet, cls).as_view(actions, **initkwargs)
        return in_upload_threads(view)

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="upload_model",
        summary="Upload a model",
        description="A specification (`application/json`), or a pickle, made with `pickle` or `dill`. It is "
        "tried, in another process, and becomes the default model. Of an upload with `flavor` the answer has "
        "the flavor, too.",
        request=request_bodies.UPLOAD,
        responses={201: schemas.UPLOADED},
        refusals=[
            errors.FlavorNotSet,
            errors.InvalidModelName,
            errors.InvalidSpec,
            errors.ModelNotAllowed,
            errors.ModelNotReadable,
            errors.ModelNotSuitable,
            errors.ModelRaised,
            errors.QuotaExceeded,
            errors.UnknownFlavor,
            errors.UploadNotSigned,
            errors.UploadsBusy,
        ],
    )
    @queries.takes(
        OpenApiParameter(
            "flavor",
            str,
            enum=[*FLAVORS, AUTO],
            description=f"the kind of task; the instance's without it; `{AUTO}`: the one that River says the "
            "model is for",
        ),
        OpenApiParameter(
            "metrics",
            str,
            many=True,
            explode=True,
            description="names from `river.metrics`, with commas, kept beside the flavor's own; "
            "`none`: the model is not scored",
        ),
        OpenApiParameter(
            "read_only",
            bool,
            description="the model predicts, and learns nothing: it needs no `learn_one`; ground truths are "
            "scored",
        ),
        OpenApiParameter(
            "details", bool, description="the answer has flavor, size, classes, and what the trial remarked"
        ),
        OpenApiParameter(
            HEADER,
            str,
            "header",
            description="Ed25519, in base64, of one of the setting `UPLOAD_KEYS`; `sign_model` makes it",
        ),
    )
    def create(self, request: Request, name: str | None = None) -> Response:
        """Serve the model in the body."""
        metrics = chosen_metrics.read_names(",".join(request.query_params.getlist(chosen_metrics.FIELD)))
        flavor, is_detailed = request.query_params.get("flavor"), queries.flag(request, "details")
        uploaded = uploading.upload_model(
            data=request.body,
            name=name,
            metrics=metrics,
            flavor=flavor,
            is_read_only=queries.flag(request, "read_only"),
            is_spec=_is_spec(request),
            signature=request.headers.get(HEADER),
            now=timezone.now(),
        )
        answer: dict[str, Any] = {"name": uploaded.name}
        if flavor is not None or is_detailed:
            answer["flavor"] = uploaded.flavor
        if is_detailed:
            answer["size_bytes"] = uploaded.size_bytes
            answer["classes"] = uploaded.classes
            answer["remarks"] = uploaded.remarks
        return Response(answer, status=201)

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="download_model",
        summary="Download a model",
        description="As it is now, every acknowledged learn included. With `format=spec` its specification: "
        "as it was uploaded, without what it has learned. The header `Model-Spec` is `complete` where that "
        "is the upload to the last bit, and `parameters` where the upload had learned, or drawn, before.",
        responses={(200, "application/octet-stream"): bytes, (200, _JSON): schemas.SPEC},
        refusals=[
            errors.ModelBusy,
            errors.ModelNotFound,
            errors.ModelNotLoadable,
            errors.ModelRaised,
            errors.NoDefaultModel,
            errors.NoSpec,
        ],
    )
    @queries.takes(
        OpenApiParameter("format", str, enum=_FORMATS, description="`pickle` without it"),
        OpenApiParameter(
            "full", bool, description="of a specification: every parameter, those that are so by default, too"
        ),
    )
    def retrieve(self, request: Request, name: str | None = None) -> HttpResponse:
        """Return the pickled model, or its specification."""
        is_full = queries.flag(request, "full")
        if queries.one_of(request, "format", _FORMATS) == "spec":
            return _spec(specifying.get_spec(name=name), is_full=is_full)
        if is_full:
            raise errors.InvalidRequest({"full": ["only with 'format=spec'"]})
        command = exporting.export_command(name=name)
        return asked(command, actors.as_now(lambda data: _pickled(exporting.exported(command, data))))

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="delete_model",
        summary="Delete a model",
        responses={204: None},
        refusals=[errors.ModelNotFound],
    )
    def destroy(self, request: Request, name: str) -> HttpResponse:
        """Delete the model and what it has pending."""
        uploading.delete_model(name=name)
        return HttpResponse(status=204)


def _spec(found: Specification, *, is_full: bool) -> HttpResponse:
    body = json.dumps(found.full if is_full else found.short).encode()
    covers = "complete" if found.says_all else "parameters"
    return HttpResponse(body, content_type=_JSON, headers={"Model-Spec": covers})


def _pickled(data: bytes) -> HttpResponse:
    return HttpResponse(data, content_type="application/octet-stream")


@extend_schema_view(
    create=extend_schema(operation_id="upload_unnamed_model", summary="Upload a model under a drawn name"),
    retrieve=[
        extend_schema(operation_id="download_default_model", summary="Download the default model"),
        needing(needs.MANAGE_DEFAULT),
    ],
)
class DefaultModelViewSet(ModelViewSet):
    """The model that is meant where none is named."""


def _is_spec(request: Request) -> bool:
    """Say whether a body is meant as JSON; a pickle may come with any type of content."""
    kind = request.content_type.partition(";")[0].strip().lower()
    return kind == _JSON and _BEGINS_JSON.match(request.body) is not None
