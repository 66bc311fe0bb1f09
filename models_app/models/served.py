"""Served models, without their bytes: the row is rewritten with each commit and has to stay small."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Coalesce, Greatest

from models_app.domain.names import MAX_LENGTH
from models_app.models.minutes import LastMinute
from models_app.paradigms.base import Paradigm
from models_app.paradigms.registry import get_flavor


class ServedModelQuerySet(models.QuerySet["ServedModel"]):
    """Served models."""

    def last_used_first(self) -> Self:
        """Return those that learned, predicted or were uploaded last first.

        By an index: of those left out, none is read but such as were used in the same minute as the last.
        """
        used = [Coalesce(field, "uploaded_at") for field in ("last_learned_at", "last_predicted_at")]
        return self.order_by("-used_minute", Greatest(*used).desc(), "-pk")

    def learned_since(self, moment: datetime) -> Self:
        """Return those that learned at a moment or later."""
        return self._since(moment).filter(last_learned_at__gte=moment)

    def used_since(self, moment: datetime) -> Self:
        """Return those that learned, predicted or were uploaded at a moment or later."""
        return self._since(moment).filter(
            models.Q(last_predicted_at__gte=moment)
            | models.Q(last_learned_at__gte=moment)
            | models.Q(uploaded_at__gte=moment)
        )

    def _since(self, moment: datetime) -> Self:
        """Return those that were used in a minute or later, by an index."""
        return self.filter(used_minute__gte=moment.replace(second=0, microsecond=0))


class ServedModel(models.Model):
    """A model under its name. Its bytes are in its snapshots, the first of them as it was uploaded.

    `generation` grows with each upload under the name and with each rollback, `seq` with each learn; the
    versions and the SHA-256 are those of the upload. With `n_undone`, the learns that rollbacks have undone
    (less those that were gone forward to again), `seq` is the number of learns since the upload.

    `predict_method` is what a prediction calls; empty: the flavor's own. `is_read_only`: it predicts, and
    learns nothing. `features_kept` is how its features are shown; empty: as the setting of that name says.
    `remarks` is a list of objects with `code` and `message`: what there is to know about the model, found at
    its upload. `uploaded_by` is who has uploaded it, as the audit trail has them; `signed_by` names the one
    of UPLOAD_KEYS that has signed the upload, empty where none has.
    """

    name = models.CharField(max_length=MAX_LENGTH, unique=True)
    flavor = models.CharField(max_length=32)
    generation = models.PositiveIntegerField(default=1, editable=False)
    seq = models.BigIntegerField("learns", default=0, editable=False)
    n_undone = models.BigIntegerField("undone learns", default=0, editable=False)
    is_default = models.BooleanField("default", default=False, editable=False)
    # Where it is not, its learns are no part of the metrics over all models either.
    is_scored = models.BooleanField("scored", default=True, editable=False)
    predict_method = models.CharField(max_length=32, default="", blank=True, editable=False)
    is_read_only = models.BooleanField("read-only", default=False, db_default=False, editable=False)
    features_kept = models.CharField(
        "features shown", max_length=8, default="", db_default="", blank=True, editable=False
    )
    remarks = models.JSONField(default=list, blank=True, editable=False)
    n_predictions = models.BigIntegerField("predictions", default=0, editable=False)
    size_bytes = models.BigIntegerField("size", editable=False)
    sha256 = models.CharField("SHA-256 of the upload", max_length=64, editable=False)
    signed_by = models.TextField(default="", db_default="", blank=True, editable=False)
    river_version = models.CharField("River", max_length=32, editable=False)
    python_version = models.CharField("Python", max_length=32, editable=False)
    numpy_version = models.CharField("numpy", max_length=32, editable=False)
    uploaded_at = models.DateTimeField(editable=False)
    uploaded_by = models.CharField(max_length=200, default="", db_default="", blank=True, editable=False)
    last_predicted_at = models.DateTimeField("last prediction", null=True, editable=False)
    last_learned_at = models.DateTimeField("last learn", null=True, editable=False)
    # To the minute: who is used all the time moves in the index once a minute only, and its row stays where
    # it is in PostgreSQL.
    used_minute = models.GeneratedField(
        expression=LastMinute("last_learned_at", "last_predicted_at", "uploaded_at"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    objects = ServedModelQuerySet.as_manager()

    class Meta:
        verbose_name = "served model"
        indexes = (
            # For `last_used_first`, and for monitoring, which asks every second who was used since.
            models.Index(fields=["used_minute", "id"], name="served_by_use"),
            # For the flavors that are served, and for what is done for all models of one.
            models.Index(fields=["flavor", "id"], name="served_of_flavor"),
            # For the heir of a default that is deleted, and for the choices of the admin's lists.
            models.Index(fields=["uploaded_at", "id"], name="served_by_upload"),
            # For the quotas of who uploads; who has none is not in it.
            models.Index(
                fields=["uploaded_by"], condition=~models.Q(uploaded_by=""), name="served_by_uploader"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_model"
            ),
            models.CheckConstraint(condition=models.Q(seq__gte=0), name="seq_not_negative"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def paradigm(self) -> Paradigm:
        """Return the paradigm of the model's flavor; raises `UnknownFlavor`."""
        return get_flavor(self.flavor).served_by(self.predict_method)
