"""Call statistics in the admin, to look at."""

from django.contrib import admin
from django.http import HttpRequest

from monitoring.durations import humanize
from monitoring.models import CallStatistics


@admin.register(CallStatistics)
class CallStatisticsAdmin(admin.ModelAdmin[CallStatistics]):
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds measurements."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: CallStatistics | None = None) -> bool:
        """Nobody changes measurements."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CallStatistics | None = None) -> bool:
        """They are erased with everything else, by `init`."""
        return False
