"""The pages, the event streams and the statistics."""

from django.urls import path

from models_app.api import needs, queries
from monitoring.alerting.mute_views import MutesViewSet
from monitoring.alerting.views import AlertsViewSet
from monitoring.exposition.views import metrics
from monitoring.history.views import HistoryViewSet
from monitoring.notes.views import NotesViewSet
from monitoring.pages.alerts import alerts_page
from monitoring.pages.comparing import compare
from monitoring.pages.diagnosing import diagnostics
from monitoring.pages.estimates import estimates
from monitoring.pages.labels import labels_page
from monitoring.pages.models import model_page, pipeline
from monitoring.pages.overview import overview
from monitoring.pages.records import records_page
from monitoring.streams.views import StreamViewSet
from monitoring.views import StatisticsViewSet
from web.dispatch import threaded
from web.needs import needing

_of_all, _of_one = needing(needs.LOOK_AT_ALL), needing(needs.LOOK_AT_ONE)
_exposition = _of_all(queries.take_only(threaded(metrics), "format"))
urlpatterns = [
    path("", _of_all(overview), name="overview"),
    path("models/<str:name>/", _of_one(model_page), name="model-page"),
    path("models/<str:name>/diagnostics/", _of_one(diagnostics), name="diagnostics"),
    # It offers the other bandits.
    path("models/<str:name>/estimates/", _of_all(estimates), name="estimates"),
    path("models/<str:name>/labels/", _of_one(labels_page), name="labels-page"),
    path("models/<str:name>/records/", _of_one(records_page), name="records-page"),
    path("models/<str:name>/pipeline/", _of_one(pipeline), name="pipeline"),
    path("alerts/", needing(needs.LOOK_AT_NAMED)(alerts_page), name="alerts-page"),
    path("compare/", _of_all(compare), name="compare"),
    path("metrics", _exposition, name="exposition"),
    path("api/metrics/history", HistoryViewSet.as_view({"get": "retrieve"}), name="metrics-history"),
    path(
        "api/model/<str:name>/notes",
        NotesViewSet.as_view({"get": "retrieve", "post": "create", "delete": "destroy"}),
        name="model-notes",
    ),
    path(
        "api/model/<str:name>/mutes",
        MutesViewSet.as_view({"get": "retrieve", "post": "create", "delete": "destroy"}),
        name="model-mutes",
    ),
    path("api/alerts", AlertsViewSet.as_view({"get": "find"}), name="alerts"),
    path("api/alerts/<str:alert_id>", AlertsViewSet.as_view({"get": "retrieve"}), name="alert"),
    path(
        "api/alerts/<str:alert_id>/acknowledge",
        AlertsViewSet.as_view({"post": "acknowledge"}),
        name="acknowledge-alert",
    ),
    path("api/stats", StatisticsViewSet.as_view({"get": "retrieve"}), name="stats"),
    path("api/stream/metrics", StreamViewSet.as_view({"get": "metrics"}), name="stream-metrics"),
    path("api/stream/events", StreamViewSet.as_view({"get": "events"}), name="stream-events"),
    path("api/stream/live", StreamViewSet.as_view({"get": "live"}), name="stream-live"),
]
