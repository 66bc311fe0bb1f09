"""Answers to clients, as structs: what is encoded and the schema are made of these."""

import msgspec
from msgspec import UNSET, UnsetType

from models_app.wire import fields


class Prediction(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The model that predicted, and its prediction."""

    model: str
    prediction: fields.Predicted


class DetailedPrediction(Prediction, gc=False):
    """The model that predicted, its prediction, and what else there is to say."""

    ask: fields.Ask | UnsetType = UNSET
    interval: fields.Interval | UnsetType = UNSET
    distribution: fields.Distribution | UnsetType = UNSET
    explanation: fields.Explanation | UnsetType = UNSET


class RecordPrediction(Prediction, gc=False):
    """The answer to a record that is predicted."""

    ref: fields.Reference | UnsetType = UNSET


class DetailedRecordPrediction(DetailedPrediction, gc=False):
    """The answer to a record that is predicted."""

    ref: fields.Reference | UnsetType = UNSET


class RecordLearned(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The answer to a record that is learned."""

    ref: fields.Reference | UnsetType = UNSET


class RecordRefused(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The answer to a record that is refused."""

    error: fields.Code
    message: fields.Message
    line: fields.Line | UnsetType = UNSET
    ref: fields.Reference | UnsetType = UNSET


class Error(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Why a request is refused; its code is in the header `Error-Code`."""

    message: fields.Message
