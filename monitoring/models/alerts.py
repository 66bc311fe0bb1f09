"""Alerts: what detectors have found and which rules models are caught by, and what became of each."""

from typing import Literal, get_args

from django.db import models

from models_app.domain.names import MAX_NOTE_LENGTH

State = Literal["open", "acknowledged", "resolved"]
STATES: tuple[State, ...] = get_args(State)
#: The source of an alert about a model's status, which a rule opens and not a detector.
STATUS = "status"
MAX_NAME = 200
_UNRESOLVED = models.Q(resolved_at__isnull=True)


class AlertQuerySet(models.QuerySet["DriftAlert"]):
    """Alerts."""

    def in_state(self, state: State) -> "AlertQuerySet":
        """Return those in a state."""
        if state == "resolved":
            return self.exclude(_UNRESOLVED)
        return self.filter(_UNRESOLVED, acknowledged_at__isnull=state == "open")

    def unresolved(self) -> "AlertQuerySet":
        """Return those whose cause has not ended, acknowledged or not."""
        return self.filter(_UNRESOLVED)


class DriftAlert(models.Model):
    """A detector saw a change, or a warning of one: learn `seq` revealed it, at `time`.

    Of the kind `contract`: a feature was not as the model's contract has it, after `value` records that were
    seen; what was wrong stands in the place of the detector. Of the source `status`: the kind is the status
    that the model came to have, for `reason`, when it had learned `seq`; there is neither detector nor value.

    `is_muted`: it was opened while alerts of its kind were muted, and is sent nowhere.
    """

    model = models.ForeignKey("models_app.ServedModel", models.CASCADE, related_name="+", db_index=False)
    generation = models.PositiveIntegerField()
    seq = models.BigIntegerField("learn")
    time = models.DateTimeField()
    kind = models.CharField(max_length=16)
    source = models.CharField(max_length=512)
    detector = models.CharField(max_length=32, blank=True)
    value = models.FloatField(null=True)
    reason = models.TextField(blank=True)
    is_muted = models.BooleanField("muted", default=False)
    acknowledged_at = models.DateTimeField("acknowledged", null=True)
    acknowledged_by = models.CharField(max_length=MAX_NAME, blank=True)
    note = models.CharField(max_length=MAX_NOTE_LENGTH, blank=True)
    resolved_at = models.DateTimeField("resolved", null=True)
    resolution = models.CharField(max_length=MAX_NAME, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = "alert"
        indexes = (
            # For the newest alerts of a model, and of a kind.
            models.Index(fields=["model", "id"], name="alerts_of_model"),
            models.Index(fields=["kind", "id"], name="alerts_of_kind"),
            # For those that are to be dealt with, and for who looks whether their cause has ended.
            models.Index(fields=["id"], condition=_UNRESOLVED, name="alerts_unresolved"),
        )
        constraints = (
            # Detectors that were set back by a crash find the same again.
            models.UniqueConstraint(
                fields=["model", "generation", "seq", "source", "kind", "detector"],
                condition=~models.Q(source=STATUS),
                name="one_alert_a_finding",
            ),
            # Several servers may see the same status.
            models.UniqueConstraint(
                fields=["model", "kind"],
                condition=models.Q(source=STATUS) & _UNRESOLVED,
                name="one_open_alert_a_status",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.source} at {self.seq}"

    @property
    def state(self) -> State:
        """Say how far it is dealt with."""
        if self.resolved_at is not None:
            return "resolved"
        return "open" if self.acknowledged_at is None else "acknowledged"


class AlertEntry(models.Model):
    """A line of an alert's history: who did what when. The server resolves alerts by itself."""

    alert = models.ForeignKey(DriftAlert, models.CASCADE, related_name="history")
    time = models.DateTimeField()
    actor = models.CharField(max_length=MAX_NAME)
    action = models.CharField(max_length=16)
    text = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"


class AlertMute(models.Model):
    """A mute: alerts of a kind, of one model, are written down and sent nowhere `until` a time."""

    model = models.ForeignKey("models_app.ServedModel", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16)
    until = models.DateTimeField()
    author = models.CharField(max_length=MAX_NAME)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["model", "kind"], name="one_mute_a_kind"),)

    def __str__(self) -> str:
        return f"{self.kind} until {self.until:%Y-%m-%d %H:%M}"
