"""The dashboard, the event streams and the statistics."""

from django.urls import path

from models_app.api.dispatch import threaded
from monitoring.dashboard import dashboard
from monitoring.drift.views import AlertsViewSet
from monitoring.exposition.views import metrics
from monitoring.history.views import HistoryViewSet
from monitoring.streams.views import StreamViewSet
from monitoring.views import StatisticsViewSet

urlpatterns = [
    path("", dashboard, name="dashboard"),
    path("metrics", threaded(metrics), name="exposition"),
    path("api/metrics/history", HistoryViewSet.as_view({"get": "retrieve"}), name="metrics-history"),
    path("api/alerts", AlertsViewSet.as_view({"get": "list"}), name="alerts"),
    path("api/stats", StatisticsViewSet.as_view({"get": "retrieve"}), name="stats"),
    path("api/stream/metrics", StreamViewSet.as_view({"get": "metrics"}), name="stream-metrics"),
    path("api/stream/events", StreamViewSet.as_view({"get": "events"}), name="stream-events"),
]
