"""The form of a drift plan."""

from typing import Any, ClassVar

from django import forms

from models_app.admin import refusals
from models_app.domain.errors import InvalidRequest
from monitoring.drift import planning
from monitoring.models import DriftPlan


class DriftPlanForm(forms.ModelForm[DriftPlan]):
    """A drift plan, checked as everywhere else."""

    class Meta:
        model = DriftPlan
        fields: ClassVar = [
            "model", "is_on", "detector", "parameters", "watches_prediction", "watches_features",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        """Show what the detector cannot do at its field."""
        cleaned = super().clean()
        if self.errors or cleaned is None:
            return cleaned
        if not isinstance(cleaned["parameters"], dict):
            self.add_error("parameters", "must be a JSON object")
            return cleaned
        try:
            planning.check(DriftPlan(**cleaned).plan(), cleaned["model"].paradigm)
        except InvalidRequest as error:
            refusals.put_on_form(self, error)
        return cleaned
