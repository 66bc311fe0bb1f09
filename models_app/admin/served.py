"""Served models: to look at, upload, choose, keep, take away and delete."""

from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html

from models_app.admin import downloads, panels, plain_forms, refusals, rendering, spec_forms
from models_app.admin.figures import FigureList
from models_app.admin.held_features import HeldFeatures
from models_app.admin.of_models import links_of_model
from models_app.admin.read_only import ReadOnlyAdmin
from models_app.admin.served_columns import Columns
from models_app.admin.shown_features import ShownFeatures
from models_app.admin.uploads import UploadForm
from models_app.models import JournalSegment, PendingPrediction, ServedModel, Snapshot
from models_app.services import exporting, snapshotting, uploading
from models_app.services.finding import Served
from models_app.services.quarantine import releasing

DOWNLOAD = "models_app_servedmodel_download"
_CHANGE = "admin:models_app_servedmodel_change"


@admin.register(ServedModel)
class ServedModelAdmin(Columns, ShownFeatures, HeldFeatures, ReadOnlyAdmin[ServedModel]):
    """Served models. A model changes by learning only; everything else goes through the services."""

    list_display = (
        "name", "default", "set_aside", "flavor", "learns", "metrics", "predictions", "pending",
        "last_prediction", "last_learn", "size",
    )  # fmt: skip
    list_filter = ("flavor", "is_read_only", "last_learned_at")
    search_fields = ("name",)
    ordering = ("name",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name", "is_default", "flavor", "is_read_only", "shown_features", "feature_contract",
                    "uploaded_at", "uploaded_by",
                )
            },
        ),
        (
            "How it does",
            {
                "fields": (
                    "quarantine", "live_metrics", "learns", "last_learned_at", "predictions",
                    "last_predicted_at", "pending_link", "snapshots_link",
                )
            },
        ),
        (
            "The upload",
            {
                "fields": (
                    "generation", "size", "sha256", "signed_by", "river_version", "python_version",
                    "numpy_version", "notes",
                )
            },
        ),
    )  # fmt: skip
    readonly_fields = (
        "quarantine", "live_metrics", "learns", "predictions", "pending_link", "snapshots_link", "size",
        "notes", "shown_features", "feature_contract",
    )  # fmt: skip
    actions = (
        "make_default",
        "take_snapshots",
        "release",
        "download_models",
        *ShownFeatures.ACTIONS,
        *HeldFeatures.CONTRACT_ACTIONS,
    )
    add_form_template = "admin/models_app/servedmodel/upload.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether the user has the permission to upload."""
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: ServedModel | None = None) -> bool:
        """Say whether the user may use the actions; nobody edits a row."""
        return obj is None and admin.ModelAdmin.has_change_permission(self, request)

    def has_view_permission(self, request: HttpRequest, obj: ServedModel | None = None) -> bool:
        """Say whether the user may look; the permission to change will do."""
        return admin.ModelAdmin.has_view_permission(self, request)

    def has_delete_permission(self, request: HttpRequest, obj: ServedModel | None = None) -> bool:
        """Say whether the user has the permission to delete."""
        return admin.ModelAdmin.has_delete_permission(self, request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Read the figures along with the page."""
        return FigureList

    def get_urls(self) -> list[URLPattern]:
        """Add the download."""
        view = self.admin_site.admin_view(self.download_view)
        return [path("<int:model_id>/download/", view, name=DOWNLOAD), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Upload a model. Django's own view would write a row, within a transaction of its own."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            form = UploadForm(request.POST, request.FILES)
        else:
            form = UploadForm(initial=spec_forms.initial(request.GET.get("example")))
        is_preview = "_preview" in request.POST
        name = form.upload() if form.is_bound and not is_preview else None
        if name is None:
            context = spec_forms.context(request, form.preview() if is_preview else None)
            return plain_forms.render(
                self,
                request,
                form,
                title="Upload a model",
                form_url=form_url,
                extra_context={**context, **(extra_context or {})},
            )
        model = ServedModel.objects.filter(name=name).first()
        if model is None:
            # Deleted within the moment.
            return redirect("admin:models_app_servedmodel_changelist")
        self.log_addition(request, model, [{"added": {}}])
        self.message_user(request, f"'{name}' is served from now on, by default.", messages.SUCCESS)
        return redirect(_CHANGE, model.pk)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Delete a model after Django's page has asked; the service has a transaction of its own."""
        model = self.get_object(request, unquote(object_id))
        if request.method != "POST" or model is None:
            return super().delete_view(request, object_id, extra_context)
        if not self.has_delete_permission(request, model):
            raise PermissionDenied
        name, model_id = model.name, model.pk
        with refusals.Shown(self, request, name):
            uploading.delete_model(name=name)
            self.log_deletions(request, cast("Any", [model]))
            return self.response_delete(request, name, model_id)
        return redirect(_CHANGE, model_id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Delete what the action's confirmation page has named."""
        for name in list(queryset.values_list("name", flat=True)):
            with refusals.Shown(self, request, name):
                uploading.delete_model(name=name)

    def get_deleted_objects(
        self, objs: Sequence[ServedModel] | QuerySet[ServedModel], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Count what goes with the models; Django would load every row, blobs too, to name it."""
        models = list(objs)
        counts = {
            str(kind._meta.verbose_name_plural): kind._default_manager.filter(model__in=models).count()
            for kind in (PendingPrediction, JournalSegment, Snapshot)
        }
        lines: list[Any] = [format_html("Served model: <b>{}</b>", model.name) for model in models]
        return lines, {"served models": len(models)} | counts, set(), []

    @admin.action(description="Make default", permissions=["change"])
    def make_default(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Let requests that name no model go to the one selected."""
        names = list(queryset.values_list("name", flat=True)[:2])
        if len(names) != 1:
            self.message_user(request, "Select one model to be the default.", messages.WARNING)
            return
        with refusals.Shown(self, request, names[0]):
            uploading.make_default(name=names[0])
            self.message_user(request, f"'{names[0]}' is the default now.", messages.SUCCESS)

    @admin.action(description="Snapshot now", permissions=["change"])
    def take_snapshots(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Write down what the models have learned since their newest snapshots."""
        n_taken = 0
        for name in list(queryset.values_list("name", flat=True)):
            with refusals.Shown(self, request, name):
                snapshotting.take_snapshot(name=name)
                n_taken += 1
        if n_taken:
            plural = "s have" if n_taken > 1 else " has"
            message = f"{n_taken} model{plural} a snapshot of all that was learned."
            self.message_user(request, message, messages.SUCCESS)

    @admin.action(description="Release from quarantine", permissions=["change"])
    def release(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Have models loaded again that have ended the process that serves them."""
        for name in list(queryset.values_list("name", flat=True)):
            with refusals.Shown(self, request, name):
                was_quarantined = releasing.release(name=name)
                said = "is served again" if was_quarantined else "was not in quarantine"
                self.message_user(request, f"'{name}' {said}.", messages.SUCCESS)

    @admin.action(description="Download", permissions=["view"])
    def download_models(
        self, request: HttpRequest, queryset: QuerySet[ServedModel]
    ) -> HttpResponseBase | None:
        """Answer with one pickle, or an archive of several."""
        models = list(queryset)
        if len(models) > 1 and sum(model.size_bytes for model in models) > settings.MAX_MODEL_BYTES:
            limit = rendering.size(settings.MAX_MODEL_BYTES)
            self.message_user(request, f"More than {limit}: select fewer models.", messages.WARNING)
            return None
        with refusals.Shown(self, request):
            found = {model.name: exporting.export_model(name=model.name) for model in models}
            if len(models) == 1:
                return downloads.pickle_response(models[0].name, found[models[0].name])
            return downloads.zip_response(found)
        return None

    def download_view(self, request: HttpRequest, model_id: int) -> HttpResponse:
        """Answer with the pickle of one model, as it is now."""
        model = self.get_object(request, str(model_id))
        if model is None:
            raise Http404
        if not self.has_view_permission(request, model):
            raise PermissionDenied
        with refusals.Shown(self, request, model.name):
            return downloads.pickle_response(model.name, exporting.export_model(name=model.name))
        return redirect(_CHANGE, model_id)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the panels, and lead to the model's lists."""
        model = context.get("original")
        if model is not None:
            context["model_links"] = links_of_model(request, model.pk, model.name, current=ServedModel)
            context["panels"] = panels.render(panels.ON_MODEL, request, Served.of(model))
        return super().render_change_form(request, context, *args, **kwargs)
