"""Feature contracts of models: frozen, and held to, by actions."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from models_app.admin import refusals
from models_app.models import ServedModel
from models_app.services.contracts import changing, reading


class HeldFeatures:
    """What is expected of features, and the actions that change it."""

    CONTRACT_ACTIONS = (
        "freeze_contracts", "thaw_contracts", "hold_to_contracts", "take_any_features",
        "hold_by_setting",
    )  # fmt: skip

    @admin.display(description="feature contract")
    def feature_contract(self, row: ServedModel) -> str:
        """Return how it stands with the contract, and who says whether the model is held to it."""
        found = reading.find_switches(row.pk)
        held = "held to" if found.is_held_to else "not held to"
        source = "by the setting" if found.is_strict is None else "its own choice"
        return f"{'frozen' if found.is_frozen else 'follows what is seen'}, {held} ({source})"

    @admin.action(description="Feature contract: freeze", permissions=["change"])
    def freeze_contracts(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Keep what was seen."""
        _change(self, request, queryset, "is frozen", is_frozen=True)

    @admin.action(description="Feature contract: follow what is seen", permissions=["change"])
    def thaw_contracts(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Follow what is seen again."""
        _change(self, request, queryset, "follows what is seen", is_frozen=False)

    @admin.action(description="Feature contract: refuse the rest", permissions=["change"])
    def hold_to_contracts(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Refuse what is not as it says."""
        _change(self, request, queryset, "is held to", is_strict=True)

    @admin.action(description="Feature contract: take the rest, too", permissions=["change"])
    def take_any_features(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Take what is not as it says."""
        _change(self, request, queryset, "is not held to", is_strict=False)

    @admin.action(description="Feature contract: hold to it as the setting says", permissions=["change"])
    def hold_by_setting(self, request: HttpRequest, queryset: QuerySet[ServedModel]) -> None:
        """Take the choice back."""
        _change(self, request, queryset, "is held to as the setting says", is_strict=None)


def _change(
    model_admin: Any, request: HttpRequest, queryset: QuerySet[ServedModel], said: str, **changes: Any
) -> None:
    for name in list(queryset.values_list("name", flat=True)):
        with refusals.Shown(model_admin, request, name):
            changing.change_contract(name=name, **changes)
            text = f"The feature contract of '{name}' {said}."
            model_admin.message_user(request, text, messages.SUCCESS)
