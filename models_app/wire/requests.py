"""Requests of clients, as structs: the decoders and the schema are made of these."""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from models_app.paradigms.registry import MEMBERS
from models_app.wire import fields

S = TypeVar("S", bound="Asked")


class InitRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The flavor to set."""

    flavor: fields.Flavor


class ContractRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A change of a feature contract; what is left out stays."""

    frozen: fields.Frozen | UnsetType = UNSET
    strict: fields.Strict | UnsetType = UNSET


class ModelSettingsRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What to choose for a model."""

    features_kept: fields.FeaturesKept


class ForgetRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What a model is to forget: the records of an id, or those with a feature's value; one of both."""

    id: fields.Id | UnsetType = UNSET
    feature: fields.NamedValue | UnsetType = UNSET


class RollbackRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The snapshot that a model is to go back to."""

    seq: fields.Seq
    generation: fields.GenerationNumber | UnsetType = UNSET


class NoteRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A note for the charts of a model."""

    text: fields.NoteText
    time: fields.NoteTime | UnsetType = UNSET


class AcknowledgeRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """That somebody deals with an alert, and what they say of it."""

    note: fields.AlertNote | UnsetType = UNSET


class MuteRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Alerts of a kind to be muted, until a time or for so long: one of both is given."""

    kind: fields.AlertKind
    until: fields.MuteUntil | UnsetType = UNSET
    seconds: fields.MuteSeconds | UnsetType = UNSET


class FeaturesRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Features to predict from: what most requests are."""

    features: fields.Features
    id: fields.Id | UnsetType = UNSET
    model: fields.ModelName | UnsetType = UNSET


class Asked(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """What a model can be asked with: of each flavor what it takes, see `_with_members`."""

    features: fields.Features | UnsetType = UNSET


def _with_members(kind: type[S]) -> type[S]:
    """Return the kind with the members of all flavors. What they hold is the flavor's to check."""
    members = [
        (
            name,
            Annotated[
                Any, Meta(description=member.description, extra_json_schema=member.schema), fields.ANYTHING
            ]
            | UnsetType,
            UNSET,
        )
        for name, member in MEMBERS.items()
    ]
    return msgspec.defstruct(  # type: ignore[return-value]  # made of the kind
        kind.__name__,
        members,
        bases=(kind,),
        namespace={"__doc__": kind.__doc__},
        kw_only=True,
        gc=False,
    )


@_with_members
class PredictLine(Asked, gc=False, kw_only=True):
    """A line of a file to predict from."""

    id: fields.Id | UnsetType = UNSET
    model: fields.ModelName | UnsetType = UNSET


class PredictRequest(PredictLine, gc=False, kw_only=True):
    """What to predict from; with an id, it is kept until the ground truth comes."""

    options: fields.Options | UnsetType = UNSET


class TruthRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Ground truth of a prediction, by its id, or of features that come along: what most requests are."""

    ground_truth: fields.GroundTruth
    id: fields.Id | UnsetType = UNSET
    features: fields.Features | UnsetType = UNSET
    model: fields.ModelName | UnsetType = UNSET


@_with_members
class LearnRequest(Asked, gc=False, kw_only=True):
    """Ground truth to learn: for a prediction, by its id, or for what comes along.

    Models of some flavors learn without it.
    """

    ground_truth: fields.AnyTruth | UnsetType = UNSET
    id: fields.Id | UnsetType = UNSET
    model: fields.ModelName | UnsetType = UNSET


class PlainRecord(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One of many, as most are: see `Record`."""

    op: fields.Op | UnsetType = UNSET
    features: fields.Features | UnsetType = UNSET
    ground_truth: fields.GroundTruth | UnsetType = UNSET
    id: fields.Id | UnsetType = UNSET
    model: fields.ModelName | UnsetType = UNSET
    ref: fields.Reference | UnsetType = UNSET


class Record(LearnRequest, gc=False, kw_only=True):
    """One of many: the fields of the single routes, and which of them is meant.

    `op` may be left out: with a ground truth it is a learn. `ref` is the client's own, echoed in the answer.
    """

    op: fields.Op | UnsetType = UNSET
    ref: fields.Reference | UnsetType = UNSET
    options: fields.Options | UnsetType = UNSET


@_with_members
class LearnLine(Asked, gc=False, kw_only=True):
    """A line of a file to learn from."""

    ground_truth: fields.AnyTruth | UnsetType = UNSET
    model: fields.ModelName | UnsetType = UNSET
