"""Requests of clients, as structs: the decoders and the schema are made of these."""

import msgspec
from msgspec import UNSET, UnsetType

from models_app.wire import fields


class InitRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The flavor to set."""

    flavor: fields.Flavor


class PredictRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Features to predict from; with an id, they are kept until the ground truth comes."""

    features: fields.Features
    id: fields.Id | UnsetType = UNSET
    model: fields.ModelName | UnsetType = UNSET


class LearnRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Ground truth to learn: for the features of a prediction, by its id, or for those that come along."""

    ground_truth: fields.GroundTruth
    id: fields.Id | UnsetType = UNSET
    features: fields.Features | UnsetType = UNSET
    model: fields.ModelName | UnsetType = UNSET


class Record(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One of many: the fields of the single routes, and which of them is meant.

    `op` may be left out: with a ground truth it is a learn. `ref` is the client's own, echoed in the answer.
    """

    op: fields.Op | UnsetType = UNSET
    features: fields.Features | UnsetType = UNSET
    ground_truth: fields.GroundTruth | UnsetType = UNSET
    id: fields.Id | UnsetType = UNSET
    model: fields.ModelName | UnsetType = UNSET
    ref: fields.Reference | UnsetType = UNSET


class LearnLine(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A line of a file to learn from; one to predict from is a `PredictRequest`."""

    features: fields.Features
    ground_truth: fields.GroundTruth
    model: fields.ModelName | UnsetType = UNSET
