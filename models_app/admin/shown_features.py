"""What is shown of models' features: chosen by actions, one a way."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from models_app.admin import refusals
from models_app.domain.showing import ALL, HASHED, NONE
from models_app.models import ServedModel
from models_app.services import showing


class ShownFeatures:
    """The choice, and the actions that make it."""

    ACTIONS = ("show_features", "hash_features", "hide_features", "show_features_by_setting")

    @admin.display(description="features shown")
    def shown_features(self, row: ServedModel) -> str:
        """Return what is shown, and who says so."""
        source = "its own choice" if row.features_kept else "by the setting"
        return f"{showing.way_of(row.features_kept)} ({source})"

    @admin.action(description="Features: show all", permissions=["change"])
    def show_features(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Show them as they are."""
        _keep(self, request, queryset, ALL)

    @admin.action(description="Features: show digests of values", permissions=["change"])
    def hash_features(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Show digests in the place of values."""
        _keep(self, request, queryset, HASHED)

    @admin.action(description="Features: show names alone", permissions=["change"])
    def hide_features(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Show no values."""
        _keep(self, request, queryset, NONE)

    @admin.action(description="Features: show as the setting says", permissions=["change"])
    def show_features_by_setting(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Take the choice back."""
        _keep(self, request, queryset, None)


def _keep(model_admin: Any, request: HttpRequest, queryset: QuerySet[ServedModel], way: str | None) -> None:
    for name in list(queryset.values_list("name", flat=True)):
        with refusals.Shown(model_admin, request, name):
            shown = showing.keep_features(name=name, way=way)
            text = f"Features of '{name}' are shown: {shown.way}."
            model_admin.message_user(request, text, messages.SUCCESS)
