"""The specifications of a model: with every parameter, and with those alone that differ from the defaults."""

import json
from dataclasses import dataclass
from typing import Any

from models_app.domain import blobs
from models_app.domain.errors import InvalidSpec
from models_app.domain.fingerprints import fingerprint
from models_app.domain.specs import allowing, building, reading, walking, writing
from models_app.domain.specs.walking import Json
from models_app.domain.specs.writing import NotDescribable
from models_app.domain.texts import MAX_PART, sendable

_CONSTANT = "optim.schedulers.Constant"
# What a model was learned from makes it larger than it was when it was new; from here on that is plain.
_GROWN = 4
_SMALL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Specification:
    """A model's specification, `full` and `short`; or the reason why it has none.

    `says_all`: what is built from it is the model, also in what it has learned.
    """

    full: Json = None
    short: Json = None
    says_all: bool = False
    reason: str = ""


#: Of a model that nobody has looked at.
NOT_DESCRIBED = Specification()


def describe(model: Any) -> Specification:
    """Return the specification of a model, checked by building it; nothing is raised, whatever it holds."""
    try:
        full = writing.described(model)
        again = building.build(reading.read(_bytes(full)))
        if writing.described(again) != full:
            return Specification(reason="the model that is built from its parameters has others")
        says_all = _is_same(model, again)
        changed = None if says_all else _changed_by_learning(full)
    except NotDescribable as error:
        return Specification(reason=str(error))
    except InvalidSpec as error:
        return Specification(reason=_reasons(error))
    except BaseException as error:  # an upload's own code
        return Specification(reason=f"describing it raises {type(error).__name__}")
    if changed:
        return Specification(reason=changed)
    return Specification(full, _shortened(full), says_all)


def received(sent: object) -> Specification:
    """Return what a trial has sent, read as what clients send: an upload may have had its hands in it."""
    if not isinstance(sent, dict) or not sent.get("full"):
        return Specification(reason=_reason(str(sent.get("reason")) if isinstance(sent, dict) else ""))
    try:
        for form in ("full", "short"):
            reading.read(_bytes(sent.get(form)))
    except InvalidSpec as error:
        return Specification(reason=_reason(_reasons(error)))
    return Specification(sent["full"], sent["short"], sent.get("says_all") is True)


def _reason(text: str) -> str:
    return sendable(text, MAX_PART) or "what it is was not looked at in time"


def _bytes(spec: Json) -> bytes:
    return json.dumps(spec, separators=(",", ":")).encode()


def _reasons(error: InvalidSpec) -> str:
    message = error.message
    if isinstance(message, str):
        return message
    return "; ".join(f"{place}: {' '.join(reasons)}" for place, reasons in message.items())


def _is_same(model: Any, again: Any) -> bool:
    size = len(blobs.dumps(model))
    if size > _SMALL_BYTES and size > _GROWN * len(blobs.dumps(again)):
        return False
    return fingerprint(model, unseeded=False) == fingerprint(again, unseeded=False)


# Parameters that learning changes: what one was made with cannot be known any more.
_CHANGED = frozenset(
    {
        "drift.KSWIN", "multioutput.ClassifierChain", "multioutput.RegressorChain",
        *(f"facto.{name}Classifier" for name in ("FFM", "FM", "FwFM", "HOFM")),
        *(f"facto.{name}Regressor" for name in ("FFM", "FM", "FwFM", "HOFM")),
    }
)  # fmt: skip


def _changed_by_learning(spec: Json) -> str | None:
    changed = next((path for path in walking.classes_in(spec) if path in _CHANGED), None)
    return changed and f"it has learned or drawn, which changes the parameters of {changed}"


def _shortened(full: Json) -> Json:
    """Return the specification without what is so by default; the full one where that would be another."""
    short = _short(full)
    try:
        same = writing.described(building.build(reading.read(_bytes(short)))) == full
    except Exception:
        return full
    return short if same else full


def _short(spec: Json) -> Json:
    if isinstance(spec, dict) and "class" in spec:
        spec = writing.without(spec, _defaults(spec))
        known = allowing.classes()[spec["class"]].params
        params = {name: _plain(known.get(name), each) for name, each in spec.get("params", {}).items()}
        spec = {**spec, "params": params} if params else spec
    return walking.changed(spec, _short)


def _plain(param: allowing.Param | None, value: Json) -> Json:
    """Return the number that stands for a scheduler which always gives it."""
    takes_number = param is not None and type(param.default) in (int, float)
    is_constant = isinstance(value, dict) and value.get("class") == _CONSTANT
    return value["params"]["learning_rate"] if takes_number and is_constant else value


def _defaults(spec: Json) -> list[str]:
    """Return the parameters that an object has that is made with the required ones alone."""
    allowed = allowing.classes()[spec["class"]]
    given = spec.get("params", {})
    required = {name for name, param in allowed.params.items() if param.is_required} | {allowed.many or ""}
    if allowed.others:
        required |= {name for name in given if name not in allowed.params}
    bare = writing.without(spec, given.keys() - required)
    bare.pop("name", None)
    try:
        by_default = writing.described(building.build(reading.read_value(bare))).get("params", {})
    except Exception:
        return []
    return [
        name
        for name, each in given.items()
        if name not in required and _equal(by_default.get(name, ...), each)
    ]


def _equal(a: Json, b: Json) -> bool:
    """Compare values of JSON: 1, 1.0 and true are not the same."""
    return a is not ... and json.dumps(a) == json.dumps(b)
