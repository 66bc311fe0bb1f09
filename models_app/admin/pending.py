"""Pending predictions: to look at, and to give up on."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from models_app.admin import refusals, rendering
from models_app.admin.filters import ModelFilter, is_chosen
from models_app.admin.of_models import OfModelAdmin
from models_app.models import PendingPrediction
from models_app.services import pruning

# The confirmation page names each of them, and Django takes a thousand fields back.
_MOST_AT_ONCE = 900
# No index leads to the ids of one model: so many are looked at for its own.
_LOOKED_AT = 5_000


@admin.register(PendingPrediction)
class PendingPredictionAdmin(OfModelAdmin[PendingPrediction]):
    """Pending predictions; deleting one leaves a ground truth that comes later with nothing to learn from."""

    list_display = ("prediction_id", "model_link", "short_prediction", "predicted_at", "age")
    # Django asks for fields to search in; see `get_search_results`.
    search_fields = ("prediction_id",)
    search_help_text = (
        "The beginning of an id, as it is written."
        f" Of a model that is chosen, those among the first {_LOOKED_AT:,} ids of any model that begin so."
    )
    fields = ("prediction_id", "model", "predicted_at", "age", "readable_prediction", "readable_features")
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: PendingPrediction | None = None) -> bool:
        """Say whether the user has the permission to delete."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PendingPrediction]:
        """Leave the features in the database until somebody looks at one prediction's."""
        return super().get_queryset(request).defer("features")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Sort along an index: by id what is searched, else the newest first, model by model."""
        if request.GET.get(SEARCH_VAR):
            return ("pk",)
        newest = ("-predicted_at", "-pk")
        return newest if is_chosen(request) else ("-model_id", *newest)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PendingPrediction], search_term: str
    ) -> tuple[QuerySet[PendingPrediction], bool]:
        """Find the ids that begin so: as a range of the index, which LIKE would not use."""
        if not search_term:
            return queryset, False
        bounds = {"pk__gte": search_term, "pk__lt": search_term + chr(0x10FFFF)}
        if not is_chosen(request):
            return queryset.filter(**bounds), False
        found = PendingPrediction.objects.filter(**bounds).order_by("pk").values_list("pk", "model_id")
        chosen = request.GET[ModelFilter.parameter_name]
        own = [pk for pk, model_id in found[:_LOOKED_AT] if str(model_id) == chosen]
        # Not the queryset that the filter has made: SQLite would go through all that the model has pending.
        return self.get_queryset(request).filter(pk__in=own), False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Let Django's own action, whose name its confirmation page knows, take no more than it can."""
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            _, name, description = actions["delete_selected"]
            actions["delete_selected"] = (_delete_some, name, description)
        return actions

    def delete_model(self, request: HttpRequest, obj: PendingPrediction) -> None:
        """Give up on one, in the page's own transaction."""
        pruning.discard_prediction(prediction=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PendingPrediction]) -> None:
        """Delete in pieces."""
        pruning.discard_predictions(predictions=queryset, until=timezone.now())

    @admin.display(description="prediction")
    def short_prediction(self, row: PendingPrediction) -> str:
        """Return what was answered, shortened."""
        return rendering.shortened(rendering.prediction(row.prediction, row.model))

    @admin.display(description="prediction")
    def readable_prediction(self, row: PendingPrediction) -> str:
        """Return what was answered."""
        return rendering.indented(rendering.prediction(row.prediction, row.model))

    @admin.display(description="features")
    def readable_features(self, row: PendingPrediction) -> str:
        """Return what it was predicted from, as it is to be shown."""
        return rendering.indented(rendering.features_text(row.features.encode(), row.model))

    @admin.display(description="age")
    def age(self, row: PendingPrediction) -> str:
        """Return for how long it has been pending."""
        return rendering.age(row.predicted_at)


def _delete_some(
    model_admin: PendingPredictionAdmin, request: HttpRequest, queryset: QuerySet[PendingPrediction]
) -> HttpResponseBase | None:
    if queryset.order_by()[: _MOST_AT_ONCE + 1].count() > _MOST_AT_ONCE:
        hint = f"Select {_MOST_AT_ONCE} at the most; for more there is `manage.py prune_predictions`."
        model_admin.message_user(request, hint, messages.WARNING)
        return None
    with refusals.Shown(model_admin, request):
        return delete_selected(model_admin, request, queryset)
    return None
