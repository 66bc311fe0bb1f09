"""Snapshots: to look at, to download and to go back to."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from models_app.admin import downloads, refusals, rendering, rollbacks
from models_app.admin.filters import is_chosen
from models_app.admin.of_models import OfModelAdmin
from models_app.models import Snapshot
from models_app.services import snapshotting

DOWNLOAD = "models_app_snapshot_download"


@admin.register(Snapshot)
class SnapshotAdmin(OfModelAdmin[Snapshot]):
    """Snapshots, the newest first, without their bytes."""

    list_display = ("title", "model_link", "generation", "size", "metrics_cell", "taken_at")
    list_display_links = ("title",)
    change_form_template = "admin/models_app/snapshot/change_form.html"
    fields = (
        "model", "generation", "seq", "taken_at", "metrics", "size", "sha256", "river_version",
        "python_version", "numpy_version",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Snapshot]:
        """Leave the bytes in the database."""
        return super().get_queryset(request).defer("model_bytes", "metrics_bytes")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Sort along an index."""
        return ("-generation", "-seq") if is_chosen(request) else ("-pk",)

    def get_urls(self) -> list[URLPattern]:
        """Add the download and the rollback."""
        download = self.admin_site.admin_view(self.download_view)
        roll_back = self.admin_site.admin_view(self.roll_back_view)
        return [
            path("<int:snapshot_id>/download/", download, name=DOWNLOAD),
            path("<int:snapshot_id>/roll-back/", roll_back, name=rollbacks.ROLL_BACK),
            *super().get_urls(),
        ]

    def download_view(self, request: HttpRequest, snapshot_id: int) -> HttpResponse:
        """Answer with the pickle."""
        snapshot = self.get_object(request, str(snapshot_id))
        if snapshot is None:
            raise Http404
        if not self.has_view_permission(request, snapshot):
            raise PermissionDenied
        name = f"{snapshot.model.name} at {snapshot.seq}"
        with refusals.Shown(self, request, name):
            data = snapshotting.export_snapshot(snapshot_id=snapshot_id)
            if data is None:
                raise Http404
            return downloads.pickle_response(name, data)
        return redirect("admin:models_app_snapshot_change", snapshot_id)

    def roll_back_view(self, request: HttpRequest, snapshot_id: int) -> HttpResponse:
        """Ask whether to go back to it, and do so."""
        return rollbacks.ask_or_roll_back(self, request, snapshot_id)

    @admin.display(description="snapshot")
    def title(self, row: Snapshot) -> str:
        """Return which one it is, in words."""
        return f"at learn {row.seq:,}"

    @admin.display(description="size")
    def size(self, row: Snapshot) -> str:
        """Return the pickle's size."""
        return rendering.size(row.size_bytes)

    @admin.display(description="metrics")
    def metrics(self, row: Snapshot) -> str:
        """Return the metrics as they were."""
        return rendering.metrics(row.metric_values)

    @admin.display(description="metrics")
    def metrics_cell(self, row: Snapshot) -> str:
        """Return the metrics as they were, for the list."""
        return rendering.metrics_cell(row.metric_values)
