"""Models come and go: upload, delete, choice of the default."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models_app.domain import blobs
from models_app.domain.blobs import Versions
from models_app.domain.errors import FlavorNotSet
from models_app.domain.names import draw_name
from models_app.domain.remarks import Remark
from models_app.domain.scoreboards import Scoreboard
from models_app.domain.specs import building
from models_app.domain.specs.naming import class_names
from models_app.engine.ports import SnapshotData
from models_app.models import (
    Generation,
    JournalSegment,
    PendingPrediction,
    Replay,
    ServedModel,
    Snapshot,
)
from models_app.models.packing import Packed, pack
from models_app.models.signing import save_snapshot
from models_app.models.transactions import write_transaction
from models_app.services import auditing
from models_app.services.configuring import get_flavor, set_up_without_flavor
from models_app.services.contracts.changing import begin_anew
from models_app.services.contracts.standing import standing
from models_app.services.examining import Examined, examine
from models_app.services.finding import find, find_row
from models_app.services.folding import get_instance_metrics
from models_app.services.quotas import check_upload, uploader
from models_app.services.runtime import forget_default
from models_app.services.snapshot_objects import remove_discarded
from models_app.services.specifying import save_spec
from models_app.services.states import state_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A model that was uploaded: the name under which it is served, its flavor, and what its trial said.

    `classes` are those of its parts, as its specification names them; none where it has no specification.
    """

    name: str
    flavor: str
    size_bytes: int
    classes: list[str]
    remarks: list[Remark]


def upload_model(  # noqa: PLR0913  # as many as an upload has choices
    *,
    data: bytes,
    name: str | None,
    now: datetime,
    metrics: Sequence[str] = (),
    flavor: str | None = None,
    is_read_only: bool = False,
    is_spec: bool = False,
    signature: str | None = None,
) -> Uploaded:
    """Serve a pickled model from now on, by default; one that `is_spec` is a specification, in JSON.

    A name is drawn if none is given. A model of that name is replaced and its journal starts afresh; what it
    has pending is kept for its successor, unless that is of another flavor: then it goes. `metrics` are names
    from `river.metrics`, kept beside the flavor's own, or `none`: then the model is not scored at all. The
    `flavor` is the instance's unless another is named; `auto`: the one that River says the model is for. One
    that `is_read_only` predicts, and never learns: it needs no method for that.

    It is tried in a process of its own first; in this one, the engine unpickles it when it is first used.
    The `signature` is looked at before that.

    Raises `FlavorNotSet`, `UnknownFlavor`, `InvalidModelName`, `InvalidRequest` for a metric, `InvalidSpec`,
    `ModelNotAllowed`, `ModelNotReadable`, `ModelNotSuitable`, `QuotaExceeded`, `UploadNotSigned`,
    `UploadsBusy`.
    """
    check_upload(name=name, n_bytes=0 if is_spec else len(data))
    examined = examine(
        data=data,
        name=name,
        metrics=metrics,
        flavor=flavor,
        is_read_only=is_read_only,
        is_spec=is_spec,
        signature=signature,
    )
    # Whose it will be is not known yet.
    with pack(_first_snapshot(data, examined), "uploads") as first, write_transaction():
        if flavor is not None:
            set_up_without_flavor(now=now)
        elif get_flavor() != examined.flavor:
            # The instance was set to another flavor while the model was being examined.
            raise FlavorNotSet
        name = name or draw_name(_is_taken)
        check_upload(name=name, n_bytes=len(first.data.model))
        _put(name, examined, first, now)
        auditing.record(
            action="upload",
            model=name,
            data=data,
            flavor=examined.flavor.name,
            bytes=len(data),
            is_spec=is_spec,
            is_read_only=is_read_only,
            signed_by=examined.signed_by,
        )
    remove_discarded()
    standing.look()
    forget_default()
    for remark in examined.remarks:
        logger.info("'%s': %s", name, remark["message"])
    return Uploaded(
        name,
        examined.flavor.name,
        size_bytes=len(first.data.model),
        classes=class_names(examined.specification.short),
        remarks=examined.remarks,
    )


def _first_snapshot(data: bytes, examined: Examined) -> SnapshotData:
    if examined.parts is not None:
        # It was built once already, under limits: it can be built here.
        data = blobs.dumps(building.build(examined.parts))
    return SnapshotData(seq=0, model=data, metrics=blobs.dumps(Scoreboard.new(examined.kinds)))


def _is_taken(name: str) -> bool:
    return ServedModel.objects.filter(name=name).exists()


def delete_model(*, name: str) -> None:
    """Delete a model with all that it has pending; raises `ModelNotFound`, with names like it.

    The metrics over all models keep what it has learned. If it was the default, the model uploaded last
    among the others becomes it.
    """
    # First without the lock that all writers wait for: to look for names like it takes a while.
    find(name)
    with write_transaction():
        model = find_row(name)
        _forget_journal(model)
        PendingPrediction.objects.filter(model=model).delete()
        model.delete()
        if model.is_default:
            heir = ServedModel.objects.order_by("-uploaded_at", "-pk").first()
            if heir is not None:
                ServedModel.objects.filter(pk=heir.pk).update(is_default=True)
        auditing.record(action="delete", model=name)
    remove_discarded()
    forget_default()


def make_default(*, name: str) -> None:
    """Let requests that name no model go to this one; raises `ModelNotFound`, with names like it."""
    find(name)
    with write_transaction():
        find_row(name)
        ServedModel.objects.filter(is_default=True).update(is_default=False)
        ServedModel.objects.filter(name=name).update(is_default=True)
        auditing.record(action="make_default", model=name)
    forget_default()


def _put(name: str, examined: Examined, first: Packed, now: datetime) -> None:
    """Insert or replace a model's row, with its first snapshot, as the default."""
    versions = Versions.current()
    model = ServedModel.objects.filter(name=name).first() or ServedModel(name=name, generation=0)
    if model.pk is not None:
        _forget_journal(model)
        begin_anew(model.pk)
        if model.flavor != examined.flavor.name:
            # They answer another question: neither they nor the truths that come for them are this flavor's.
            PendingPrediction.objects.filter(model=model).delete()
    ServedModel.objects.filter(is_default=True).update(is_default=False)
    model.flavor = examined.flavor.name
    model.generation += 1
    model.seq = model.n_undone = 0
    model.n_predictions = 0
    model.is_default = True
    model.is_scored = bool(examined.kinds)
    model.remarks = examined.remarks
    model.predict_method = examined.predict_method
    model.is_read_only = examined.is_read_only
    model.size_bytes = len(first.data.model)
    model.sha256 = examined.sha256
    model.signed_by = examined.signed_by or ""
    model.river_version = versions.river
    model.python_version = versions.python
    model.numpy_version = versions.numpy
    model.uploaded_at = now
    model.uploaded_by = uploader()
    model.last_predicted_at = model.last_learned_at = None
    model.save()
    generation = Generation.objects.create(
        model=model, generation=model.generation, kind=Generation.UPLOAD, seq=0, started_at=now
    )
    save_spec(generation, examined.specification)
    save_snapshot(state_of(model), first)


def _forget_journal(model: ServedModel) -> None:
    """Delete a model's segments and snapshots; what they say stays in the metrics over all models."""
    get_instance_metrics().persist_in_transaction()
    JournalSegment.objects.filter(model=model).delete()
    Replay.objects.filter(model=model).delete()
    Snapshot.objects.filter(model=model).delete()
