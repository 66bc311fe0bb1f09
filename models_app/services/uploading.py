"""Models come and go: upload, delete, choice of the default."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models_app.domain import blobs
from models_app.domain.blobs import Versions
from models_app.domain.errors import FlavorNotSet
from models_app.domain.names import check_model_name, draw_name
from models_app.domain.remarks import READ_ONLY, Remark
from models_app.domain.scoreboards import Scoreboard
from models_app.domain.scoring import Kind, name_of
from models_app.domain.specs import building, reading
from models_app.domain.specs.describing import Specification
from models_app.engine.ports import ModelState, SnapshotData
from models_app.models import (
    Generation,
    JournalSegment,
    PendingPrediction,
    Replay,
    ServedModel,
    Snapshot,
)
from models_app.models.signing import save_snapshot
from models_app.models.transactions import write_transaction
from models_app.paradigms import chosen_metrics
from models_app.paradigms.base import Paradigm
from models_app.paradigms.guessing import AUTO
from models_app.paradigms.interval_metrics import INTERVAL_METRICS
from models_app.paradigms.registry import get_flavor as flavor_called
from models_app.paradigms.trials import TrialResult
from models_app.services import auditing
from models_app.services.configuring import get_flavor, set_up_without_flavor
from models_app.services.finding import find, find_row
from models_app.services.folding import get_instance_metrics
from models_app.services.runtime import forget_default
from models_app.services.signed_uploads import check_signature
from models_app.services.specifying import save_spec
from models_app.services.trying import try_upload

logger = logging.getLogger(__name__)

_Kinds = tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A model that was uploaded: the name under which it is served, and its flavor."""

    name: str
    flavor: str


@dataclass(frozen=True, slots=True)
class _Checked:
    """A model that can be served: how it predicts, and its bytes with metrics that have seen nothing."""

    flavor: Paradigm
    predict_method: str
    remarks: list[Remark]
    first: SnapshotData
    is_scored: bool
    is_read_only: bool
    specification: Specification


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
    `ModelNotAllowed`, `ModelNotReadable`, `ModelNotSuitable`, `UploadNotSigned`, `UploadsBusy`.
    """
    if name is not None:
        check_model_name(name)
    signer = check_signature(signature, data, name=name)
    named = get_flavor().name if flavor is None else flavor
    checked = _checked(data, named, metrics, is_read_only=is_read_only, is_spec=is_spec)
    with write_transaction():
        if flavor is not None:
            set_up_without_flavor(now=now)
        elif get_flavor() != checked.flavor:
            # The instance was set to another flavor while the model was being checked.
            raise FlavorNotSet
        name = name or draw_name(_is_taken)
        _put(name, checked, now)
        auditing.record(
            action="upload",
            model=name,
            data=data,
            flavor=checked.flavor.name,
            bytes=len(data),
            is_spec=is_spec,
            is_read_only=is_read_only,
            signed_by=signer,
        )
    forget_default()
    for remark in checked.remarks:
        logger.info("'%s': %s", name, remark["message"])
    return Uploaded(name, checked.flavor.name)


def _checked(
    data: bytes, flavor: str, metrics: Sequence[str], *, is_read_only: bool, is_spec: bool
) -> _Checked:
    if flavor != AUTO:
        # Before the model is tried: that takes a while.
        chosen_metrics.kinds(metrics, flavor_called(flavor))
    parts = reading.read(data) if is_spec else None
    found = try_upload(data, flavor, is_read_only=is_read_only, is_spec=is_spec)
    chosen = flavor_called(found.flavor or flavor)
    kinds, remarks = _scorable(chosen_metrics.kinds(metrics, chosen), chosen, found)
    if is_read_only:
        remarks.insert(0, READ_ONLY)
    if parts is not None:
        # It was built once already, under limits: it can be built here.
        data = blobs.dumps(building.build(parts))
    first = SnapshotData(seq=0, model=data, metrics=blobs.dumps(Scoreboard.new(kinds)))
    return _Checked(
        chosen,
        found.predict_method,
        remarks,
        first,
        is_scored=bool(kinds),
        is_read_only=is_read_only,
        specification=found.specification,
    )


def _scorable(kinds: _Kinds, flavor: Paradigm, found: TrialResult) -> tuple[_Kinds, list[Remark]]:
    """Return the metrics that can be kept of the model, and what there is to know about it."""
    served = flavor.served_by(found.predict_method)
    kept = tuple(kind for kind in kinds if served.can_score(kind))
    if kept and found.gives_intervals:
        kept += INTERVAL_METRICS
    if not served.answers_labels:
        return kept, list(found.remarks)
    left_out = ", ".join(name_of(kind()) for kind in kinds if kind not in kept)
    text = "It answers labels, without probabilities"
    text += f"; metrics that need these are left out: {left_out}." if left_out else "."
    return kept, [Remark(code="no_probabilities", message=text), *found.remarks]


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


def _put(name: str, checked: _Checked, now: datetime) -> None:
    """Insert or replace a model's row, with its first snapshot, as the default."""
    versions = Versions.current()
    model = ServedModel.objects.filter(name=name).first() or ServedModel(name=name, generation=0)
    if model.pk is not None:
        _forget_journal(model)
        if model.flavor != checked.flavor.name:
            # They answer another question: neither they nor the truths that come for them are this flavor's.
            PendingPrediction.objects.filter(model=model).delete()
    ServedModel.objects.filter(is_default=True).update(is_default=False)
    model.flavor = checked.flavor.name
    model.generation += 1
    model.seq = model.n_undone = 0
    model.n_predictions = 0
    model.is_default = True
    model.is_scored = checked.is_scored
    model.remarks = checked.remarks
    model.predict_method = checked.predict_method
    model.is_read_only = checked.is_read_only
    model.size_bytes = len(checked.first.model)
    model.sha256 = blobs.sha256(checked.first.model)
    model.river_version = versions.river
    model.python_version = versions.python
    model.numpy_version = versions.numpy
    model.uploaded_at = now
    model.last_predicted_at = model.last_learned_at = None
    model.save()
    generation = Generation.objects.create(
        model=model, generation=model.generation, kind=Generation.UPLOAD, seq=0, started_at=now
    )
    save_spec(generation, checked.specification)
    state = ModelState(
        model_id=model.pk,
        name=name,
        flavor=model.flavor,
        generation=model.generation,
        seq=0,
        is_default=True,
        predict_method=model.predict_method,
        is_read_only=model.is_read_only,
    )
    save_snapshot(state, checked.first)


def _forget_journal(model: ServedModel) -> None:
    """Delete a model's segments and snapshots; what they say stays in the metrics over all models."""
    get_instance_metrics().persist_in_transaction()
    JournalSegment.objects.filter(model=model).delete()
    Replay.objects.filter(model=model).delete()
    Snapshot.objects.filter(model=model).delete()
