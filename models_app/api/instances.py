"""/api/init, /api/models, /api/metrics: the instance as a whole."""

from dataclasses import asdict
from importlib.metadata import version

from django.db import connection
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, request_bodies, schemas
from models_app.api.awaiting import asked, json_of
from models_app.domain import windows
from models_app.domain.errors import (
    FlavorNotSet,
    InvalidRequest,
    ModelBusy,
    ModelNotFound,
    ModelNotLoadable,
    NoDefaultModel,
    UnknownFlavor,
)
from models_app.engine.commands import Inspect
from models_app.engine.vitals import Vitals
from models_app.services import configuring, finding, judging, listing, measuring
from models_app.wire import reading
from web.dispatch import ThreadedViewSet

_LIMIT = queries.Whole(
    name="limit", highest=10_000, default=1_000, description="models of a page, at most; 1,000 without it"
)


class InitViewSet(ThreadedViewSet):
    """The flavor."""

    @describing.operation(
        need=needs.LOOK,
        operation_id="get_flavor",
        summary="Return the flavor",
        responses={200: schemas.INSTANCE},
        refusals=[FlavorNotSet],
    )
    def retrieve(self, request: Request) -> Response:
        """Return the flavor, the storage and River's version."""
        flavor = configuring.get_flavor()
        return Response(
            {"flavor": flavor.name, "storage": connection.vendor, "river_version": version("river")}
        )

    @describing.operation(
        need=needs.MANAGE_ALL,
        operation_id="set_flavor",
        summary="Set the flavor, erasing everything",
        description="Models, pending predictions, journal, metrics and statistics are erased.",
        request=request_bodies.INIT,
        responses={201: schemas.EMPTY},
        refusals=[UnknownFlavor],
    )
    def create(self, request: Request) -> Response:
        """Erase everything and set the flavor."""
        configuring.set_flavor(flavor=reading.flavor(request.body), now=timezone.now())
        return Response({}, status=201)


class ModelsViewSet(ThreadedViewSet):
    """The models."""

    @describing.operation(
        need=needs.LOOK,
        operation_id="list_models",
        summary="List the models",
        description="A page of them, by name. Where there are more, the answer has `next`, and the next page "
        "is `after` that.",
        responses={200: schemas.MODELS},
    )
    @queries.takes(
        OpenApiParameter("details", bool, description="what is known of each without loading it, too"),
        OpenApiParameter("after", str, description="those whose names come after this one"),
        OpenApiParameter(
            "search",
            str,
            description="those that have this in their names; a page of them may be short, or empty, "
            "and have a next one",
        ),
        _LIMIT.described,
    )
    def retrieve(self, request: Request) -> Response:
        """List the names of models, and with `details` what is known of each."""
        after, search = (request.query_params.get(name, "") for name in ("after", "search"))
        found, following = finding.names_after(after, search=search, limit=_LIMIT.of(request))
        may_see = needs.may_see()
        names = [name for name in found if may_see(name)]
        default = finding.default_name()
        answer: dict[str, object] = {
            "models": names,
            "default": default if default is not None and may_see(default) else None,
        }
        if following is not None:
            answer["next"] = following
        if queries.flag(request, "details"):
            answer["details"] = _details(names)
        return Response(answer)


def _details(names: list[str]) -> list[dict[str, object]]:
    """Return what is known of models that are there all the time it takes."""
    standings = judging.standings(names)
    return [
        {**asdict(model), **asdict(standings[model.name])}
        for model in listing.list_details(names)
        if model.name in standings
    ]


class MetricsViewSet(ThreadedViewSet):
    """Metrics."""

    @describing.operation(
        need=needs.LOOK_AT_NAMED,
        operation_id="metrics",
        summary="Return the metrics",
        responses={200: schemas.METRICS},
        refusals=[FlavorNotSet, ModelNotFound, ModelNotLoadable, ModelBusy, NoDefaultModel, UnknownFlavor],
    )
    @queries.takes(
        OpenApiParameter("model", str, description="of this model; of all models without it"),
        queries.FLAVOR,
        OpenApiParameter(
            "rolling",
            bool,
            description=f"over its last {windows.SIZE:,} learns",
        ),
    )
    def retrieve(self, request: Request) -> HttpResponse:
        """Return the metrics over all models, or one model's."""
        configuring.check_set_up()
        name, flavor = queries.model_or_flavor(request)
        is_rolling = queries.flag(request, "rolling")
        if name is not None:
            return asked(Inspect(name), json_of(Vitals.rolling if is_rolling else _metrics))
        if is_rolling:
            raise InvalidRequest({"model": ["required with 'rolling'"]})
        return Response(measuring.instance_metrics(flavor))


def _metrics(vitals: Vitals) -> dict[str, float | None]:
    return vitals.metrics
