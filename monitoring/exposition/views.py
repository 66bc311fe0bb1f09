"""/metrics: the figures, for who collects them."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from models_app.api import exceptions
from models_app.domain.errors import ChantillyError
from monitoring.exposition.collecting import Collector
from monitoring.exposition.influx import lines

FORMATS = ("openmetrics", "influx")


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in the OpenMetrics format, or with `?format=influx` in InfluxDB's line protocol."""
    if request.method not in {"GET", "HEAD"}:
        response = exceptions.refusal(405, "method_not_allowed", f'Method "{request.method}" not allowed.')
        response["Allow"] = "GET, HEAD"
        return response
    wanted = request.GET.get("format", FORMATS[0])
    if wanted not in FORMATS:
        message = {"format": [f"must be one of {', '.join(map(repr, FORMATS))}"]}
        return exceptions.refusal(400, "bad_request", message)
    collector = Collector(max_models=settings.METRICS_MAX_MODELS)
    try:
        if wanted == "influx":
            return HttpResponse("".join(lines(collector.collect())), content_type="text/plain; charset=utf-8")
        registry = CollectorRegistry(auto_describe=False)
        registry.register(collector)
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    except ChantillyError as error:
        return exceptions.handle(error, {})
