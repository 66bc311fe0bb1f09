"""The event streams' routes."""

from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django_eventstream.utils import add_default_headers, get_channelmanager
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import PermissionDenied

from models_app.api import describing, needs, queries
from models_app.domain.errors import TooManyStreams
from monitoring.streams import described_events
from monitoring.streams.channels import EVENTS, FLAVORS, METRICS, MODELS
from monitoring.streams.event_ids import position_of
from monitoring.streams.hub import Listener, get_channel
from monitoring.streams.live import LiveStream
from web.access import TICKET
from web.dispatch import AsyncViewSet
from web.seats import Seats, client_of

# With its charset: `requests` takes text without one for Latin-1.
CONTENT_TYPE = "text/event-stream; charset=utf-8"

#: The event streams that are open, of all kinds.
listeners = Seats("event streams", full=TooManyStreams)

_TICKET = OpenApiParameter(TICKET, OpenApiTypes.STR, description="From `/api/ticket`, in place of a token.")
_PARAMETERS = [
    OpenApiParameter(
        "Last-Event-ID", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Go on after this event."
    ),
    OpenApiParameter("lastEventId", OpenApiTypes.STR, description="The same, where headers cannot be set."),
    _TICKET,
]
_BACKLOG = (
    "A client that comes back with the id of its last event gets what it missed. Where that is not kept any "
    "more it gets an event `stream-reset` instead, and then what happens from now on."
)


class StreamViewSet(AsyncViewSet):
    """Server-Sent Events."""

    @describing.operation(
        need=needs.FOLLOW_ALL,
        operation_id="stream_metrics",
        summary="Stream the metrics",
        description=f"Server-Sent Events: the metrics after learns, at most 20 a second. {_BACKLOG}",
        responses={(200, "text/event-stream"): described_events.METRICS},
        refusals=[TooManyStreams],
    )
    @queries.takes(*_PARAMETERS)
    async def metrics(self, request: HttpRequest) -> HttpResponseBase:
        """Open a stream of the metrics."""
        return _open(request, METRICS)

    @describing.operation(
        need=needs.FOLLOW_ALL,
        operation_id="stream_events",
        summary="Stream predictions and learns",
        description=f"Server-Sent Events named `predict` and `learn`. {_BACKLOG}",
        responses={(200, "text/event-stream"): described_events.EVENTS},
        refusals=[TooManyStreams],
    )
    @queries.takes(*_PARAMETERS)
    async def events(self, request: HttpRequest) -> HttpResponseBase:
        """Open a stream of predictions and learns."""
        return _open(request, EVENTS)

    @describing.operation(
        need=needs.FOLLOW_NAMED,
        operation_id="stream_live",
        summary="Stream what people can follow",
        description=(
            "For pages: at most four times a second, whatever happens. The newest events of the stream of "
            "events, each alert (`drift`, `warning`, `contract`) among them, and an event `skipped` with the "
            "number `n` of those left out. Without `model` also the newest `metrics`, those of the other "
            "`flavors`, and `models`: by name, what has changed on the overview."
        ),
        responses={(200, "text/event-stream"): described_events.LIVE},
        refusals=[TooManyStreams],
    )
    @queries.takes(
        OpenApiParameter(
            "model", OpenApiTypes.STR, many=True, description="Events of these models only, and no metrics."
        ),
        _TICKET,
    )
    async def live(self, request: HttpRequest) -> HttpResponseBase:
        """Open a stream for a page."""
        names = request.GET.getlist("model")
        models = frozenset(names) if names else None
        channels = [EVENTS] if names else [EVENTS, METRICS, FLAVORS, MODELS]
        return _answer(request, channels, lambda: LiveStream(models=models))


def _open(request: HttpRequest, name: str) -> HttpResponseBase:
    return _answer(request, [name], lambda: get_channel(name).listen(after=_position(request, name)))


def _answer(
    request: HttpRequest, channels: Sequence[str], listen: Callable[[], Listener | LiveStream]
) -> HttpResponseBase:
    manager = get_channelmanager()
    if not all(manager.can_read_channel(None, name) for name in channels):
        raise PermissionDenied
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=CONTENT_TYPE)
    else:
        leave = listeners.take(client_of(request.scope))  # type: ignore[attr-defined]  # of every ASGI request
        # It is closed with the response, and so is the seat left.
        response = StreamingHttpResponse(listen(), content_type=CONTENT_TYPE)
        response._resource_closers.append(leave)  # type: ignore[attr-defined]  # private, as all of closing
    add_default_headers(response, request=request)
    return response


def _position(request: HttpRequest, channel: str) -> int | None:
    """Return the id of the last event that the client has, None if it has none."""
    last = request.headers.get("Last-Event-ID") or request.GET.get("lastEventId")
    return position_of(last, channel) if last else None
