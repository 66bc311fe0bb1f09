"""Going back to a snapshot: a page that says what will happen, and asks."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from models_app.admin import refusals
from models_app.models import PendingPrediction, Snapshot
from models_app.services import rolling_back

ROLL_BACK = "models_app_snapshot_roll_back"
#: A model changes by it, a snapshot does not.
PERMISSION = "models_app.change_servedmodel"
_GONE = (
    "This snapshot is not there any more. As a model learns on, its snapshots are thinned out but for the "
    "first and the newest few; another upload, or deleting the model, discards all."
)


def ask_or_roll_back(
    snapshots: admin.ModelAdmin[Snapshot], request: HttpRequest, snapshot_id: int
) -> HttpResponse:
    """Say what will happen; roll back where that was confirmed."""
    if not (snapshots.has_view_permission(request) and request.user.has_perm(PERMISSION)):
        raise PermissionDenied
    snapshot = snapshots.get_object(request, str(snapshot_id))
    if snapshot is None:
        # It was listed a moment ago.
        snapshots.message_user(request, _GONE, messages.WARNING)
        return redirect("admin:models_app_snapshot_changelist")
    if request.method == "POST":
        return _roll_back(snapshots, request, snapshot)
    context = {
        **snapshots.admin_site.each_context(request),
        "title": f"Roll '{snapshot.model.name}' back?",
        "opts": snapshots.opts,
        "snapshot": snapshot,
        "model": snapshot.model,
        "n_pending": PendingPrediction.objects.filter(model=snapshot.model).count(),
        "back_url": reverse("admin:models_app_snapshot_change", args=[snapshot.pk]),
    }
    return TemplateResponse(request, "admin/models_app/snapshot/roll_back.html", context)


def _roll_back(
    snapshots: admin.ModelAdmin[Snapshot], request: HttpRequest, snapshot: Snapshot
) -> HttpResponse:
    model = snapshot.model
    with refusals.Shown(snapshots, request, model.name):
        done = rolling_back.roll_back(
            name=model.name, seq=snapshot.seq, generation=snapshot.generation, now=timezone.now()
        )
        text = f"Rolled back to learn {done.seq:,} of generation {done.from_generation}."
        snapshots.log_change(request, model, text)  # type: ignore[arg-type]  # of another admin
        snapshots.message_user(request, f"'{model.name}': {text}", messages.SUCCESS)
        return redirect("admin:models_app_servedmodel_change", model.pk)
    return redirect("admin:models_app_snapshot_change", snapshot.pk)
