"""The fields of records and answers, each described once: for decoders, for refusals and for the schema.

A field that stays JSON text (`Raw`) is decoded elsewhere, so that the text can be kept as it came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta, Raw

from models_app.domain import features, mentions, names, predictions, showing
from models_app.paradigms import options
from models_app.paradigms.registry import FLAVORS

PREDICT = "predict"
LEARN = "learn"
#: What a record can ask for.
OPS = (PREDICT, LEARN)


@dataclass(frozen=True, slots=True)
class Expected:
    """The type of a field: in words, and for `isinstance`; and whether it may take more than a few bytes."""

    words: str
    kinds: tuple[type, ...]
    may_be_long: bool = False


def _field(
    expected: Expected, *, description: str | None = None, schema: dict[str, Any] | None = None
) -> Meta:
    # Nothing that the decoder checks: what is wrong is explained by field, all faults at once.
    return Meta(description=description, extra_json_schema=schema, extra={"expected": expected})


def expected(kind: Any) -> Expected:
    """Return what the field of a struct must be, by its type."""
    for part in (kind, *get_args(kind)):
        for meta in getattr(part, "__metadata__", ()):
            if meta.extra is None:
                # It only describes.
                continue
            found: Expected = meta.extra["expected"]
            return found
    raise TypeError(f"nothing says what a field of the type {kind!r} must be")


def any_value(_kind: type) -> dict[str, Any]:
    """Return the schema of what may be any value; for `msgspec`'s `schema_hook`."""
    return {"description": "Any JSON value."}


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type without structs."""
    return msgspec.json.schema(kind, schema_hook=any_value)


#: Of a member that is checked elsewhere.
ANYTHING = _field(Expected("may be anything", (object, bool), may_be_long=True))
#: Checked by `options_of`.
Options = Annotated[
    Any,
    _field(
        Expected("may be anything", (object, bool), may_be_long=True),
        description="What else to answer: an `interval`, a `distribution`, an `explanation`; to `ask`.",
        schema={"type": "array", "items": {"type": "string", "enum": list(options.NAMES)}, "minItems": 1},
    ),
]
Flavor = Annotated[str, _field(Expected("must be a string", (str,)), schema={"enum": list(FLAVORS)})]
FeaturesKept = Annotated[
    str | None,
    _field(
        Expected("must be a string or null", (str, type(None))),
        description="What is shown of features; null: what the server's setting says.",
        schema={"enum": [*showing.WAYS, None]},
    ),
]
Features = Annotated[
    Raw,
    _field(
        Expected("must be an object or a string", (dict, str), may_be_long=True),
        description="Values by name, or one text.",
        schema=schema_of(features.Features),
    ),
]
Id = Annotated[
    int | Annotated[str, Meta(extra_json_schema={"maxLength": names.MAX_LENGTH})],
    _field(
        Expected("must be an integer or a string", (int, str)),
        description='`42` and `"42"` are the same id.',
    ),
]
Seq = Annotated[
    int, _field(Expected("must be an integer", (int,)), description="That of the snapshot to go back to.")
]
GenerationNumber = Annotated[
    int,
    _field(
        Expected("must be an integer", (int,)),
        description="That of the snapshot; without it the newest that has one at that learn.",
    ),
]
NoteText = Annotated[
    str,
    _field(
        Expected("must be a string", (str,), may_be_long=True),
        description="What charts are to say.",
        schema={"minLength": 1, "maxLength": names.MAX_NOTE_LENGTH},
    ),
]
NoteTime = Annotated[
    int | float,
    _field(
        Expected("must be a number", (int, float)),
        description="Where it stands, in seconds since the epoch; now without it.",
    ),
]
AlertNote = Annotated[
    str,
    _field(
        Expected("must be a string", (str,), may_be_long=True),
        description="What there is to say of it.",
        schema={"maxLength": names.MAX_NOTE_LENGTH},
    ),
]
AlertKind = Annotated[str, _field(Expected("must be a string", (str,)), description="The kind of alerts.")]
MuteUntil = Annotated[
    int | float,
    _field(Expected("must be a number", (int, float)), description="In seconds since the epoch."),
]
MuteSeconds = Annotated[
    int | float,
    _field(Expected("must be a number", (int, float)), description="For how long, in seconds from now."),
]
NamedValue = Annotated[
    dict[str, mentions.Value],
    _field(
        Expected("must be an object with one name and its value: text, number, boolean or null", (dict,)),
        description="A feature, or something else that a model is asked with, such as `user`, by its name.",
        schema={"minProperties": 1, "maxProperties": 1},
    ),
]
ModelName = Annotated[
    str,
    _field(Expected("must be a string", (str,)), description="A model's name; the default model without it."),
]
GroundTruth = Annotated[
    bool | int | float | str,
    _field(Expected("must be a number, a string or a boolean", (bool, int, float, str))),
]
AnyTruth = Annotated[
    bool | int | float | str | dict[str, Any],
    _field(
        Expected("must be a number, a string, a boolean or an object", (bool, int, float, str, dict)),
        description="What the flavor asks for: a number, a label, or values by name.",
    ),
]
#: Of an event: models of some flavors learn without one.
TruthOrNone = Annotated[bool | int | float | str | dict[str, Any] | None, Meta(description="As it was sent.")]
Op = Annotated[
    str,
    _field(
        Expected("must be 'predict' or 'learn'", (str,)),
        description="Without it: what the route does; on a stream a ground truth means a learn.",
        schema={"enum": list(OPS)},
    ),
]
Reference = Annotated[
    Raw,
    _field(
        Expected("may be anything", (object, bool), may_be_long=True),
        description="The client's own; echoed in the answer.",
    ),
]
Frozen = Annotated[
    bool,
    _field(
        Expected("must be true or false", (bool,)),
        description="Whether the contract stays as it is, whatever is seen.",
    ),
]
Strict = Annotated[
    bool | None,
    _field(
        Expected("must be true, false or null", (bool, type(None))),
        description="Whether features that are not as it says are refused; null: as `STRICT_FEATURES` says.",
    ),
]

#: As `predictions.to_json` makes it.
Predicted = Annotated[
    predictions.Shown,
    Meta(description="A number, or probabilities by label; a label, of a classifier without probabilities."),
]
Ask = Annotated[
    bool, Meta(description="Whether the ground truth is worth asking for: of a sampler, or where asked for.")
]
_Members = dict[str, predictions.Shown]
#: What else was asked of a prediction, as `predictions.to_json` makes it.
Interval = Annotated[_Members, Meta(description="`lower` and `upper`, and the confidence `level`.")]
Distribution = Annotated[_Members, Meta(description="Its `name`, `mean` and `sd`.")]
Explanation = Annotated[
    _Members,
    Meta(
        description="`base` and `contributions` by feature, which add up to what a linear model or a tree "
        "makes of the features; `label` whose share that is; `text`, the model's own words."
    ),
]
Message = Annotated[
    str | Mapping[str, Sequence[str]], Meta(description="One sentence, or the reasons by field.")
]
Code = Annotated[str, Meta(description="The code that single routes have in `Error-Code`.")]
Line = Annotated[int, Meta(description="On streams of lines.", extra_json_schema={"minimum": 1})]
