"""Filters of lists."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from models_app.models import ServedModel

# As many as one can choose from at a glance; a model's own page leads to the rest.
_OFFERED = 30


class ModelFilter(admin.SimpleListFilter):
    """One model's rows: offers the models used last."""

    title = "model"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Iterable[tuple[str, str]]:
        """Offer some models, among them the one chosen."""
        rows = ServedModel.objects.order_by("-uploaded_at", "-pk").values_list("pk", "name")
        offered = {str(pk): name for pk, name in rows[:_OFFERED]}
        chosen = self.value()
        if chosen and chosen not in offered and chosen.isdecimal():
            offered |= {str(pk): name for pk, name in rows.filter(pk=int(chosen))}
        return sorted(offered.items(), key=lambda item: item[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen model's rows."""
        chosen = self.value()
        if not chosen:
            return queryset
        # A number that is none, or beyond 64 bits, is no model's.
        model = self.chosen()
        return queryset.none() if model is None else queryset.filter(model_id=model[0])

    def chosen(self) -> tuple[int, str] | None:
        """Return primary key and name of the model that is chosen."""
        name = dict(self.lookup_choices).get(self.value() or "")
        return None if name is None else (int(self.value() or ""), str(name))


def is_chosen(request: HttpRequest) -> bool:
    """Say whether the list is one model's."""
    return bool(request.GET.get(ModelFilter.parameter_name))
