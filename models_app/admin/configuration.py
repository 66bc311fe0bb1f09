"""The instance's configuration."""

from django.contrib import admin

from models_app.admin import rendering
from models_app.admin.read_only import ReadOnlyAdmin
from models_app.domain.errors import ChantillyError
from models_app.models import Configuration
from models_app.services.measuring import metrics_by_flavor


@admin.register(Configuration)
class ConfigurationAdmin(ReadOnlyAdmin[Configuration]):
    """The flavor and the metrics over all models; setting another flavor erases everything (`init`)."""

    list_display = ("flavor", "initialized_at", "live_metrics")
    fields = ("flavor", "live_metrics", "initialized_at", "epoch")
    readonly_fields = fields

    @admin.display(description="metrics over all models")
    def live_metrics(self, row: Configuration) -> str:
        """Return the metrics as of now."""
        try:
            return rendering.metrics_by_flavor(metrics_by_flavor())
        except ChantillyError as error:
            return str(error)
