"""Drift plans: what is watched of a model."""

from django.db import models

from monitoring.drift.detectors import DEFAULT, NAMES
from monitoring.drift.watches import Plan


class DriftPlan(models.Model):
    """A drift plan of a model, where it is not the default: ADWIN on the error of each learn."""

    model = models.OneToOneField("models_app.ServedModel", models.CASCADE, related_name="drift_plan")
    is_on = models.BooleanField("on", default=True)
    detector = models.CharField(max_length=32, default=DEFAULT, choices=[(name, name) for name in NAMES])
    parameters = models.JSONField(default=dict, blank=True)
    watches_prediction = models.BooleanField("watch predictions", default=False)
    watches_features = models.BooleanField("watch numeric features", default=False)

    class Meta:
        verbose_name = "drift plan"

    def __str__(self) -> str:
        return f"{self.detector} for {self.model}" if self.is_on else f"nothing for {self.model}"

    def plan(self) -> Plan:
        """Return it as the detectors know it."""
        return Plan(
            detector=self.detector,
            parameters=dict(self.parameters),
            watches_prediction=self.watches_prediction,
            watches_features=self.watches_features,
        )
