"""What monitoring keeps in the database."""

from django.db import models

from monitoring.drift.detectors import DEFAULT, NAMES
from monitoring.drift.watches import Plan


class CallStatistics(models.Model):
    """How many requests a route has answered since `init`, refused ones too, and how long they took."""

    route = models.CharField(max_length=16, primary_key=True)
    n_calls = models.BigIntegerField()
    # As River keeps them: from these two numbers its objects are rebuilt exactly.
    mean_ns = models.FloatField()
    ewm_ns = models.FloatField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "call statistics"
        verbose_name_plural = "call statistics"

    def __str__(self) -> str:
        return f"{self.route}: {self.n_calls} calls"


class MetricSnapshot(models.Model):
    """How a model did at a time; without a model: how all did together.

    `values` are its metrics since the upload, `rolling` those over its last learns; `level` says how long the
    row is kept.
    """

    model = models.ForeignKey(
        "models_app.ServedModel", models.CASCADE, null=True, related_name="+", db_index=False
    )
    generation = models.PositiveIntegerField()
    seq = models.BigIntegerField("learns")
    time = models.DateTimeField()
    n_predictions = models.BigIntegerField("predictions")
    values = models.JSONField()
    rolling = models.JSONField()
    level = models.PositiveSmallIntegerField(editable=False)

    class Meta:
        verbose_name = "metric snapshot"
        indexes = (
            # For charts, which read a model's rows from one time to another.
            models.Index(fields=["model", "time"], name="metrics_of_model"),
            # For thinning, which deletes the oldest rows of each level.
            models.Index(fields=["level", "time"], name="metrics_to_thin"),
        )
        constraints = (
            models.UniqueConstraint(fields=["model", "generation", "seq"], name="one_sample_a_seq"),
        )

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation} at {self.seq}"


class DriftPlan(models.Model):
    """What is watched of a model, where it is not the default: ADWIN on the error of each learn."""

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


class DriftState(models.Model):
    """A model's detectors as they were after learn `seq`, pickled and signed."""

    model = models.OneToOneField("models_app.ServedModel", models.CASCADE, related_name="+", primary_key=True)
    generation = models.PositiveIntegerField()
    seq = models.BigIntegerField()
    watch_bytes = models.BinaryField()
    signature = models.CharField(max_length=128)

    def __str__(self) -> str:
        return f"{self.model_id}.{self.generation} at {self.seq}"


class DriftAlert(models.Model):
    """A detector saw a change, or a warning of one: learn `seq` revealed it, at `time`."""

    model = models.ForeignKey("models_app.ServedModel", models.CASCADE, related_name="+", db_index=False)
    generation = models.PositiveIntegerField()
    seq = models.BigIntegerField("learn")
    time = models.DateTimeField()
    kind = models.CharField(max_length=8)
    source = models.CharField(max_length=512)
    detector = models.CharField(max_length=32)
    value = models.FloatField()

    class Meta:
        verbose_name = "drift alert"
        indexes = (
            # For the newest alerts of a model, and of a kind.
            models.Index(fields=["model", "id"], name="alerts_of_model"),
            models.Index(fields=["kind", "id"], name="alerts_of_kind"),
        )
        constraints = (
            # Detectors that were set back by a crash find the same again.
            models.UniqueConstraint(
                fields=["model", "generation", "seq", "source", "kind"], name="one_alert_a_finding"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.source} at {self.seq}"


class AlertDelivery(models.Model):
    """An alert on its way to the webhook. Each attempt sends the same id and body.

    It is waiting while an attempt is to come; without one it was delivered, or else given up. It outlives the
    model that it tells of.
    """

    message_id = models.CharField("message", max_length=64, unique=True)
    body = models.TextField()
    created_at = models.DateTimeField("created")
    n_attempts = models.PositiveIntegerField("attempts", default=0)
    next_attempt_at = models.DateTimeField("next attempt", null=True)
    delivered_at = models.DateTimeField("delivered", null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name = "alert delivery"
        verbose_name_plural = "alert deliveries"
        indexes = (
            # For the sender, which looks for what has been due for longest.
            models.Index(fields=["next_attempt_at"], name="deliveries_due"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(delivered_at__isnull=True) | models.Q(next_attempt_at__isnull=True),
                name="delivered_is_not_due",
            ),
        )

    def __str__(self) -> str:
        return self.message_id

    @property
    def state(self) -> str:
        """Say how it went."""
        if self.delivered_at is not None:
            return "delivered"
        return "given up" if self.next_attempt_at is None else "waiting"
