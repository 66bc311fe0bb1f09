"""From where on a model is not well, where that is not as the settings have it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

_AS_SET = "empty: as the setting has it"
_OR_NEVER = f"{_AS_SET}; 0: never"
_AT_LEAST_0 = (MinValueValidator(0.0),)
_SHARE = (MinValueValidator(0.0), MaxValueValidator(1.0))


class ModelThresholds(models.Model):
    """The thresholds of a model that are not those of the settings."""

    model = models.OneToOneField("models_app.ServedModel", models.CASCADE, related_name="+")
    stuck_seconds = models.FloatField(
        "busy for, in seconds", null=True, blank=True, validators=_AT_LEAST_0, help_text=_OR_NEVER
    )
    worse_by = models.FloatField(
        "recent metric worse by this share",
        null=True,
        blank=True,
        validators=_AT_LEAST_0,
        help_text=_OR_NEVER,
    )
    refused_share = models.FloatField(
        "share of refused calls", null=True, blank=True, validators=_SHARE, help_text=_OR_NEVER
    )
    p99_ms = models.FloatField(
        "p99, in milliseconds", null=True, blank=True, validators=_AT_LEAST_0, help_text=_OR_NEVER
    )
    truths_seconds = models.FloatField(
        "without ground truths for, in seconds",
        null=True,
        blank=True,
        validators=_AT_LEAST_0,
        help_text=_OR_NEVER,
    )
    drift_seconds = models.FloatField(
        "after drift for, in seconds", null=True, blank=True, validators=_AT_LEAST_0, help_text=_OR_NEVER
    )

    class Meta:
        verbose_name = "status thresholds"
        verbose_name_plural = "status thresholds"

    def __str__(self) -> str:
        return f"thresholds of {self.model}"


class MetricLimit(models.Model):
    """What a recent metric of a model must keep to."""

    thresholds = models.ForeignKey(ModelThresholds, models.CASCADE, related_name="limits")
    metric = models.CharField(max_length=100)
    is_lowest = models.BooleanField(
        "side", default=True, choices=[(True, "failing below"), (False, "failing above")]
    )
    value = models.FloatField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["thresholds", "metric", "is_lowest"], name="one_limit_a_side"),
        )

    def __str__(self) -> str:
        return f"{self.metric} {'below' if self.is_lowest else 'above'} {self.value:g}"
