"""Reads specifications: a JSON text becomes parts, or a list of faults, each with its place."""

# A value that has a fault is None: it is looked at no more.
# mypy: disable-error-code="func-returns-value"

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from models_app.domain.errors import MAX_REASONS, InvalidSpec
from models_app.domain.specs import allowing, bounds
from models_app.domain.specs.allowing import FUNCTION_PARAMS, FUNCTIONS, TYPES, Allowed, near
from models_app.domain.specs.decoding import TOO_DEEP, WHOLE, decoded
from models_app.domain.specs.forms import (
    CHAIN_KINDS,
    Chain,
    ChainKind,
    Collection,
    CollectionKind,
    Duration,
    Function,
    Kind,
    Mapped,
    Part,
    Scalar,
    Step,
    Value,
)
from models_app.domain.texts import is_well_formed

FORMS = ("class", *CHAIN_KINDS, "function", "type", "tuple", "set", "dict", "seconds", "float")
# Characters of a key in a place.
_KEY_SHOWN = 50
_INFINITE = {"inf": math.inf, "-inf": -math.inf}
_TYPES = ", ".join(TYPES)
_TOO_LARGE = (
    f"describes more than {bounds.MAX_PARTS:,} parts, with the copies that ensembles make, large windows and "
    "trees: use smaller numbers"
)
_PAIRS = "must be an object, or an array of pairs: a key, which is no array, and a value"
_MAPPING = '; a mapping is written {"dict": {...}}'
_A_MODEL = 'must be an object with "class", or with "pipeline", "union" or "product"'


def read(text: bytes) -> Part | Chain:
    """Return what a specification describes; raises `InvalidSpec`.

    >>> read(b'{"class": "linear_model.LinearRegression", "params": {"l3": 1}}')
    Traceback (most recent call last):
    models_app.domain.errors.InvalidSpec: {'params.l3': ['unknown parameter; did you mean l2 or l1?']}
    """
    return read_value(decoded(text))


def read_value(value: object) -> Part | Chain:
    """Return what a specification describes that is decoded already; raises `InvalidSpec`."""
    reader = _Reader()
    found = reader.model("", value)
    if reader.faults or found is None:
        raise InvalidSpec(reader.faults)
    if bounds.n_parts(found) > bounds.MAX_PARTS:
        raise InvalidSpec({WHOLE: [_TOO_LARGE]})
    return found


class _Reader:
    """Reads one specification; keeps the faults that it meets, as many as a message has room for."""

    def __init__(self) -> None:
        self.faults: dict[str, list[str]] = {}
        self._n_values = 0
        self._depth = 0

    def model(self, place: str, value: object) -> Part | Chain | None:
        """Read an object that describes a model, or a part of one."""
        if not isinstance(value, dict) or not ({"class", *CHAIN_KINDS} & value.keys()):
            self._fault(place, f"{_A_MODEL}{_meant(value)}")
            return None
        found = self._value(place, value)
        return found if isinstance(found, Part | Chain) else None

    def _value(self, place: str, value: object) -> Value:
        self._n_values += 1
        if self._n_values > bounds.MAX_VALUES:
            return self._fault(WHOLE, f"must have at most {bounds.MAX_VALUES:,} values")
        if not isinstance(value, dict | list):
            return self._scalar(place, value)
        if self._depth == bounds.MAX_DEPTH:
            return self._fault(WHOLE, TOO_DEEP)
        self._depth += 1
        try:
            return self._object(place, value) if isinstance(value, dict) else self._row(place, "list", value)
        finally:
            self._depth -= 1

    def _scalar(self, place: str, value: object) -> Scalar:
        if isinstance(value, str):
            if len(value) > bounds.MAX_TEXT:
                return self._fault(place, f"must have at most {bounds.MAX_TEXT:,} characters")
            return value if is_well_formed(value) else self._fault(place, "must not have half a character")
        if isinstance(value, int) and abs(value) > bounds.MAX_INTEGER:
            return self._fault(place, "must be a number of at most 63 bits")
        if isinstance(value, float) and not math.isfinite(value):
            return self._fault(place, 'must be finite; infinity is written {"float": "inf"}')
        if value is None or isinstance(value, int | float):
            return value
        return self._fault(place, "must be a value of JSON")

    def _object(self, place: str, value: dict[str, object]) -> Value:
        forms = [name for name in FORMS if name in value]
        if len(forms) != 1:
            also = " and ".join(f'"{name}"' for name in forms) or "none"
            return self._fault(
                place, f"must have one of {', '.join(FORMS)}, and has {also}{_meant(value) or _MAPPING}"
            )
        form = forms[0]
        at = _join(place, form)
        if form == "class":
            return self._part(place, value)
        if form in CHAIN_KINDS:
            self._only(place, value, (form,))
            return self._chain(place, form, value[form])
        if form == "function":
            return self._function(place, value)
        self._only(place, value, (form,))
        return self._others[form](self, at, value[form])

    def _part(self, place: str, value: dict[str, object]) -> Part | None:
        self._only(place, value, ("class", "params"))
        path, given = value["class"], value.get("params", {})
        allowed = allowing.classes().get(path) if isinstance(path, str) else None
        if allowed is None:
            return self._fault(_join(place, "class"), _unknown_class(path))
        if not isinstance(given, dict):
            return self._fault(_join(place, "params"), "must be an object of parameters")
        at = _join(place, "params")
        read = {name: self._value(_join(at, name), each) for name, each in given.items()}
        self._check_params(at, allowed, read)
        return Part(place, allowed.path, read)

    def _check_params(self, place: str, allowed: Allowed, given: Mapping[str, Value]) -> None:
        params = _params(allowed, given)
        many = [allowed.many] if allowed.many else []
        for name, value in given.items():
            at = _join(place, name)
            if name in many:
                if not isinstance(value, Collection):
                    self._fault(at, "must be an array")
                continue
            if name not in params:
                known = [*params, *many]
                meant = near(name, known) or f"; it has {', '.join(known) or 'none'}"
                self._fault(at, f"unknown parameter{meant}")
                continue
            wrong = _wrong_kind(params[name].kind, value) or bounds.fault(allowed.path, name, value)
            if wrong:
                self._fault(at, wrong)
        for name, param in allowed.params.items():
            if param.is_required and name not in given:
                self._fault(_join(place, name), "required")

    def _chain(self, place: str, kind: ChainKind | str, value: object) -> Chain | None:
        at = _join(place, kind)
        if not isinstance(value, list) or not value:
            return self._fault(at, "must be an array of one or more parts")
        steps = [self._step(f"{at}[{number}]", each) for number, each in enumerate(value)]
        names = [step.name for step in steps if step and step.name is not None]
        for name in {name for name in names if names.count(name) > 1}:
            self._fault(at, f"two steps are named {name!r}")
        return Chain(place, kind, tuple(step for step in steps if step))  # type: ignore[arg-type]

    def _step(self, place: str, value: object) -> Step | None:
        name = None
        if isinstance(value, dict) and "name" in value:
            at, name = _join(place, "name"), value["name"]
            value = {key: each for key, each in value.items() if key != "name"}
            if not isinstance(name, str) or not name:
                return self._fault(at, "must be a string")
            self._scalar(at, name)
        found = self.model(place, value)
        return Step(name, found) if found else None

    def _function(self, place: str, value: dict[str, object]) -> Function | None:
        self._only(place, value, ("function", "params"))
        path, given = value["function"], value.get("params", {})
        if not isinstance(path, str) or path not in FUNCTIONS:
            at = _join(place, "function")
            return self._fault(at, f"unknown function; there are {', '.join(FUNCTIONS)}")
        at = _join(place, "params")
        if not isinstance(given, dict):
            return self._fault(at, "must be an object of parameters")
        taken = FUNCTION_PARAMS.get(path, frozenset())
        params: dict[str, Scalar] = {}
        for name, each in given.items():
            if name not in taken:
                self._fault(_join(at, name), f"unknown parameter{near(name, taken)}")
            elif isinstance(each, bool) or not isinstance(each, int | float):
                self._fault(_join(at, name), "must be a number")
            else:
                params[name] = self._scalar(_join(at, name), each)
        return Function(path, params)

    def _kind(self, place: str, value: object) -> Kind | None:
        if isinstance(value, str) and (value in TYPES or value in allowing.classes()):
            return Kind(value)
        meant = near(value, [*TYPES, *allowing.classes()]) if isinstance(value, str) else ""
        return self._fault(place, f"unknown type{meant or f'; there are {_TYPES}, and the classes'}")

    def _row(self, place: str, kind: CollectionKind, value: object) -> Collection | None:
        if not isinstance(value, list):
            return self._fault(place, "must be an array")
        if kind == "set" and any(isinstance(each, dict | list) for each in value):
            return self._fault(place, "must be an array of strings, numbers, true, false and null")
        members = (self._value(f"{place}[{number}]", each) for number, each in enumerate(value))
        return Collection(kind, tuple(members))

    def _tuple(self, place: str, value: object) -> Collection | None:
        return self._row(place, "tuple", value)

    def _set(self, place: str, value: object) -> Collection | None:
        return self._row(place, "set", value)

    def _dict(self, place: str, value: object) -> Mapped | None:
        if isinstance(value, dict):
            return self._mapped(place, value.items())
        pairs = value if isinstance(value, list) else [None]
        if any(
            not isinstance(pair, list) or len(pair) != 2 or isinstance(pair[0], dict | list) for pair in pairs
        ):
            return self._fault(place, _PAIRS)
        return self._mapped(place, pairs)

    def _mapped(self, place: str, pairs: Iterable[Any]) -> Mapped:
        items = []
        for key, each in pairs:
            name = self._scalar(place, key)
            items.append((name, self._value(_join(place, str(name)[:_KEY_SHOWN]), each)))
        return Mapped(tuple(items))

    def _seconds(self, place: str, value: object) -> Duration | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
            return self._fault(place, "must be a number from 0 to 1,000,000,000")
        return Duration(float(value))

    def _float(self, place: str, value: object) -> Scalar:
        if isinstance(value, str) and value in _INFINITE:
            return _INFINITE[value]
        return self._fault(place, 'must be "inf" or "-inf"; other numbers are written as they are')

    _others: Mapping[str, Callable[["_Reader", str, object], Value]] = {
        "type": _kind,
        "tuple": _tuple,
        "set": _set,
        "dict": _dict,
        "seconds": _seconds,
        "float": _float,
    }

    def _only(self, place: str, value: Mapping[str, object], known: tuple[str, ...]) -> None:
        for name in value:
            if name not in known:
                hint = "; only steps have one" if name == "name" else near(name, known)
                self._fault(_join(place, name), f"unknown member{hint}")

    def _fault(self, place: str, reason: str) -> None:
        if len(self.faults) < MAX_REASONS or place in self.faults:
            self.faults.setdefault(place or WHOLE, []).append(reason)


def _meant(value: object) -> str:
    """Return a question where a member is nearly the name of a form."""
    names = list(value)[:MAX_REASONS] if isinstance(value, dict) else []
    return next(filter(None, (near(name, FORMS) for name in names)), "")


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _unknown_class(path: object) -> str:
    if not isinstance(path, str):
        return "must be the name of a class, such as linear_model.LinearRegression"
    return f"unknown class{near(path, allowing.classes())}"


def _params(allowed: Allowed, given: Mapping[str, Value]) -> Mapping[str, allowing.Param]:
    """Return the parameters that a class takes, with those that it hands on."""
    if allowed.others is None:
        return allowed.params
    inner = given.get("cls") if allowed.others == "cls" else Kind(allowed.others)
    handed = allowing.classes().get(inner.path) if isinstance(inner, Kind) else None
    return {**(handed.params if handed else {}), **allowed.params}


def _wrong_kind(kind: str, value: Value) -> str | None:
    if kind == "flag":
        return None if isinstance(value, bool) else "must be true or false"
    if kind == "number" and (isinstance(value, bool | str | Collection | Mapped | Kind | Function | Chain)):
        return "must be a number"
    return None
