"""Uploads are looked at before anything changes: may they come in, can they be served, and how."""

from collections.abc import Sequence
from dataclasses import dataclass

from models_app.domain.blobs import sha256
from models_app.domain.names import check_model_name
from models_app.domain.remarks import READ_ONLY, Remark
from models_app.domain.scoring import Kind, name_of
from models_app.domain.specs import reading
from models_app.domain.specs.describing import Specification
from models_app.domain.specs.forms import Chain, Part
from models_app.paradigms import chosen_metrics
from models_app.paradigms.base import Paradigm
from models_app.paradigms.guessing import AUTO
from models_app.paradigms.interval_metrics import INTERVAL_METRICS
from models_app.paradigms.registry import get_flavor as flavor_called
from models_app.paradigms.trials import TrialResult
from models_app.services.configuring import get_flavor
from models_app.services.signed_uploads import check_signature
from models_app.services.trying import try_upload

_Kinds = tuple[Kind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """An upload that can be served, and how.

    `sha256` is of the bytes as they came, `signed_by` names the key that has signed them, if one has. `parts`
    are what a specification describes, `kinds` the metrics that can be kept: none of what is not scored.
    `drawing` is the model as it draws itself, where that was asked for: HTML, not to be trusted.
    """

    flavor: Paradigm
    predict_method: str
    kinds: _Kinds
    remarks: list[Remark]
    is_read_only: bool
    specification: Specification
    parts: Part | Chain | None
    sha256: str
    signed_by: str | None
    drawing: str


def examine(  # noqa: PLR0913  # as many as an upload has choices
    *,
    data: bytes,
    name: str | None,
    metrics: Sequence[str] = (),
    flavor: str | None = None,
    is_read_only: bool = False,
    is_spec: bool = False,
    signature: str | None = None,
    is_drawn: bool = False,
) -> Examined:
    """Try an upload as `uploading.upload_model` does, which has the choices and what is raised.

    With `is_drawn` the model is to draw itself, too.
    """
    if name is not None:
        check_model_name(name)
    signed_by = check_signature(signature, data, name=name)
    named = get_flavor().name if flavor is None else flavor
    if named != AUTO:
        # Before the model is tried: that takes a while.
        chosen_metrics.kinds(metrics, flavor_called(named))
    parts = reading.read(data) if is_spec else None
    found = try_upload(data, named, is_read_only=is_read_only, is_spec=is_spec, is_drawn=is_drawn)
    chosen = flavor_called(found.flavor or named)
    kinds, remarks = _scorable(chosen_metrics.kinds(metrics, chosen), chosen, found)
    if is_read_only:
        remarks.insert(0, READ_ONLY)
    return Examined(
        flavor=chosen,
        predict_method=found.predict_method,
        kinds=kinds,
        remarks=remarks,
        is_read_only=is_read_only,
        specification=found.specification,
        parts=parts,
        sha256=sha256(data),
        signed_by=signed_by,
        drawing=found.drawing,
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
