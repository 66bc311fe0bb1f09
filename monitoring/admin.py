"""Call statistics and metrics over time in the admin, to look at."""

from django.contrib import admin
from django.http import HttpRequest

from models_app.admin import rendering
from models_app.admin.filters import ModelFilter, is_chosen
from models_app.admin.read_only import ReadOnlyAdmin
from monitoring.durations import humanize
from monitoring.models import CallStatistics, MetricSnapshot


@admin.register(CallStatistics)
class CallStatisticsAdmin(ReadOnlyAdmin[CallStatistics]):
    """Read-only: the numbers are measured."""

    list_display = ("route", "n_calls", "mean_duration", "ewm_duration", "updated_at")
    fields = list_display
    readonly_fields = list_display

    @admin.display(description="mean duration", ordering="mean_ns")
    def mean_duration(self, row: CallStatistics) -> str:
        """Return the mean of all calls."""
        return humanize(round(row.mean_ns))

    @admin.display(description="recent duration (EWM)", ordering="ewm_ns")
    def ewm_duration(self, row: CallStatistics) -> str:
        """Return the exponentially weighted mean."""
        return humanize(round(row.ewm_ns))


@admin.register(MetricSnapshot)
class MetricSnapshotAdmin(ReadOnlyAdmin[MetricSnapshot]):
    """Metrics over time, the newest first."""

    list_display = ("time", "about", "generation", "learns", "predictions", "metrics_cell", "rolling_cell")
    list_select_related = ("model",)
    list_filter = (ModelFilter,)
    fields = ("time", "about", "generation", "learns", "predictions", "metrics", "rolling_metrics")
    readonly_fields = fields

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Sort along an index."""
        return ("model_id", "-time") if is_chosen(request) else ("-pk",)

    @admin.display(description="model")
    def about(self, row: MetricSnapshot) -> str:
        """Return the model's name."""
        return "all models" if row.model is None else row.model.name

    @admin.display(description="learns")
    def learns(self, row: MetricSnapshot) -> str:
        """Return how often it had learned."""
        return f"{row.seq:,}"

    @admin.display(description="predictions")
    def predictions(self, row: MetricSnapshot) -> str:
        """Return how often it had predicted."""
        return f"{row.n_predictions:,}"

    @admin.display(description="metrics")
    def metrics_cell(self, row: MetricSnapshot) -> str:
        """Return the metrics, for the list."""
        return rendering.metrics_cell(row.values)

    @admin.display(description="over the last learns")
    def rolling_cell(self, row: MetricSnapshot) -> str:
        """Return the metrics over the last learns, for the list."""
        return rendering.metrics_cell(row.rolling) if row.rolling else rendering.NOTHING

    @admin.display(description="metrics")
    def metrics(self, row: MetricSnapshot) -> str:
        """Return the metrics."""
        return rendering.metrics(row.values)

    @admin.display(description="over the last learns")
    def rolling_metrics(self, row: MetricSnapshot) -> str:
        """Return the metrics over the last learns."""
        return rendering.metrics(row.rolling)
