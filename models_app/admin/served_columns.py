"""Columns and figures of served models."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from models_app.admin import rendering
from models_app.admin.figures import figures_of
from models_app.admin.of_models import list_url
from models_app.domain.errors import ChantillyError
from models_app.models import PendingPrediction, ServedModel, Snapshot
from models_app.services.measuring import PATIENCE_SECONDS, model_metrics


class Columns:
    """What is shown of a model in the list, and on its page."""

    @admin.display(description="default", ordering="is_default", empty_value="")
    def default(self, row: ServedModel) -> str:
        """Mark the model that answers when a request names none."""
        return "\N{CHECK MARK}" if row.is_default else ""

    @admin.display(description="quarantine", empty_value="")
    def set_aside(self, row: ServedModel) -> str:
        """Mark a model that is not loaded any more."""
        return figures_of(row).quarantine and "quarantined"

    @admin.display(description="quarantine")
    def quarantine(self, row: ServedModel) -> str:
        """Return why it is not loaded any more."""
        return figures_of(row).quarantine or rendering.NOTHING

    @admin.display(description="last prediction", ordering="last_predicted_at")
    def last_prediction(self, row: ServedModel) -> SafeString | str:
        """Return when it predicted last."""
        return rendering.ago(row.last_predicted_at)

    @admin.display(description="last learn", ordering="last_learned_at")
    def last_learn(self, row: ServedModel) -> SafeString | str:
        """Return when it learned last."""
        return rendering.ago(row.last_learned_at)

    @admin.display(description="size", ordering="size_bytes")
    def size(self, row: ServedModel) -> str:
        """Return the size of the newest pickle."""
        return rendering.size(row.size_bytes)

    @admin.display(description="learns", ordering="seq")
    def learns(self, row: ServedModel) -> str:
        """Return how often it has learned."""
        return f"{row.seq:,}"

    @admin.display(description="predictions", ordering="n_predictions")
    def predictions(self, row: ServedModel) -> str:
        """Return how often it has predicted."""
        return f"{row.n_predictions:,}"

    @admin.display(description="pending")
    def pending(self, row: ServedModel) -> str:
        """Return how many of its predictions await their ground truth."""
        return f"{figures_of(row).n_pending:,}"

    @admin.display(description="metrics")
    def metrics(self, row: ServedModel) -> SafeString | str:
        """Return the metrics, and as of when where that is not now: no model is loaded for a list."""
        figures = figures_of(row)
        if not figures.metrics:
            return rendering.NOTHING
        return rendering.metrics_cell(figures.metrics, figures.title, figures.lag(row))

    @admin.display(description="metrics")
    def live_metrics(self, row: ServedModel) -> str:
        """Return the metrics as of now."""
        try:
            return rendering.metrics(model_metrics(name=row.name, seconds=PATIENCE_SECONDS))
        except ChantillyError as error:
            return str(error)

    @admin.display(description="pending predictions")
    def pending_link(self, row: ServedModel) -> SafeString:
        """Link to what it has pending."""
        url = list_url(PendingPrediction, row.pk)
        return format_html('<a href="{}">{} pending</a>', url, f"{figures_of(row).n_pending:,}")

    @admin.display(description="notes")
    def notes(self, row: ServedModel) -> SafeString | str:
        """Return what there is to know about it."""
        found = format_html_join("", "<li>{}</li>", ((remark["message"],) for remark in row.remarks))
        return format_html("<ul>{}</ul>", found) if row.remarks else rendering.NOTHING

    @admin.display(description="snapshots")
    def snapshots_link(self, row: ServedModel) -> SafeString:
        """Link to its snapshots."""
        n_kept = Snapshot.objects.filter(model=row, generation=row.generation).count()
        return format_html('<a href="{}">{} kept</a>', list_url(Snapshot, row.pk), n_kept)
