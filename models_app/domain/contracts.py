"""Feature contracts: which features a model is asked with, and of which kinds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, NamedTuple

from models_app.domain.errors import MAX_REASONS, FeatureContract

#: Kinds of values, as JSON Schema calls them; a feature that is not there is of the kind `MISSING`.
NUMBER, STRING, BOOLEAN, NULL, ARRAY, OBJECT = "number", "string", "boolean", "null", "array", "object"
MISSING = "missing"
KINDS = (NUMBER, STRING, BOOLEAN, NULL, ARRAY, OBJECT)
#: What features as a whole can be.
WHOLES = (OBJECT, STRING)
#: Features that a contract can name.
MAX_FEATURES = 1_000

Breach = Literal["new", "kind", "missing", "value"]
BREACHES: tuple[Breach, ...] = ("new", "kind", "missing", "value")

_KIND_BY_TYPE: dict[type[object], str] = {
    float: NUMBER, int: NUMBER, str: STRING, bool: BOOLEAN, type(None): NULL, list: ARRAY, dict: OBJECT,
}  # fmt: skip
_MAX_NAME = 150
# Of each contract that is held to.
_MAX_SHAPES, _MAX_SHAPE = 100, 200


def kind_of(value: object) -> str:
    """Return the kind of a value that was decoded from JSON.

    >>> kind_of(1.5), kind_of(True), kind_of(None)
    ('number', 'boolean', 'null')
    """
    return _KIND_BY_TYPE[type(value)]


class Fault(NamedTuple):
    """A feature that is not as a contract has it: which, how, the kind that came, and what was expected.

    `feature` is empty where the features as a whole are meant. No value is in the reason: it may be
    somebody's.
    """

    feature: str
    breach: Breach
    came: str
    reason: str

    def __str__(self) -> str:
        return f"{shortened(self.feature)}: {self.reason}" if self.feature else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is expected of a feature. `is_whole`: of a number, that nothing stands behind its point.

    `minimum` and `maximum` are of numbers, and are allowed themselves. `values`: no others than these.
    """

    kinds: frozenset[str] = frozenset(KINDS)
    is_required: bool = True
    is_whole: bool = False
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[object, ...] | None = None

    @property
    def in_words(self) -> str:
        """Say which kinds are expected."""
        return " or ".join(kind for kind in KINDS if kind in self.kinds) or "nothing"

    @property
    def looks_at_values(self) -> bool:
        """Say whether the kind is not all."""
        is_bounded = self.minimum is not None or self.maximum is not None
        return self.is_whole or is_bounded or self.values is not None

    def fault_of(self, value: object) -> str | None:
        """Return what a value of the right kind should be and is not; None: it is."""
        if self.values is not None and not any(_is_same(value, allowed) for allowed in self.values):
            return "must be one of the values that the contract lists"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if self.is_whole and value != int(value):
            return "must be a whole number"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum:g}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The features that are expected, by name. `is_open`: others may come, too.

    `wholes` are what features as a whole may be: an object of them, or one string.

    >>> contract = Contract(features={"area": Rule(kinds=frozenset({NUMBER}))})
    >>> [str(fault) for fault in contract.faults({"area": "71", "rooms": 3})]
    ['area: must be number, not string', 'rooms: is none of the features of the contract']
    """

    features: Mapping[str, Rule] = field(default_factory=dict)
    is_open: bool = False
    wholes: frozenset[str] = frozenset({OBJECT})
    _required: frozenset[str] = field(init=False, repr=False, compare=False)
    # Those whose values are looked at.
    _valued: tuple[tuple[str, Rule], ...] = field(init=False, repr=False, compare=False)
    # Names with types that were found right: most records are like the one before.
    _shapes: set[tuple[object, ...]] = field(init=False, repr=False, compare=False, default_factory=set)

    def __post_init__(self) -> None:
        required = frozenset(name for name, rule in self.features.items() if rule.is_required)
        valued = tuple((name, rule) for name, rule in self.features.items() if rule.looks_at_values)
        object.__setattr__(self, "_required", required)
        object.__setattr__(self, "_valued", valued)

    def check(self, asked: Sequence[tuple[str, object]]) -> None:
        """Raise `FeatureContract` unless features are as expected; each has a path in the request.

        >>> Contract().check([("features", {"a": 1})])
        Traceback (most recent call last):
            ...
        models_app.domain.errors.FeatureContract: {'features': ['a: is none of the features of the contract']}
        """
        refused: dict[str, list[str]] = {}
        for path, x in asked:
            for fault in islice(self.faults(x), MAX_REASONS):
                refused.setdefault(path, []).append(str(fault))
        if refused:
            raise FeatureContract(refused)

    def allows(self, x: object) -> bool:
        """Say whether features are as expected."""
        return next(self.faults(x), None) is None

    def faults(self, x: object) -> Iterator[Fault]:
        """Yield what is not as expected."""
        whole = kind_of(x)
        if whole not in self.wholes:
            wanted = " or ".join(kind for kind in WHOLES if kind in self.wholes)
            yield Fault("", "kind", whole, f"must be {wanted}, not {whole}")
        elif isinstance(x, dict):
            yield from self._faults(x)

    def _faults(self, x: dict[str, object]) -> Iterator[Fault]:
        shape = (*x, *map(type, x.values()))
        if shape not in self._shapes:
            are_right = True
            for fault in self._faults_of_kinds(x):
                are_right = False
                yield fault
            if are_right and len(self._shapes) < _MAX_SHAPES and len(shape) <= _MAX_SHAPE:
                self._shapes.add(shape)
        for name, rule in self._valued:
            if name in x and kind_of(value := x[name]) in rule.kinds and (reason := rule.fault_of(value)):
                yield Fault(name, "value", kind_of(value), reason)

    def _faults_of_kinds(self, x: dict[str, object]) -> Iterator[Fault]:
        features = self.features
        for name, value in x.items():
            rule = features.get(name)
            kind = kind_of(value)
            if rule is None:
                if not self.is_open:
                    yield Fault(name, "new", kind, "is none of the features of the contract")
            elif kind not in rule.kinds:
                yield Fault(name, "kind", kind, f"must be {rule.in_words}, not {kind}")
        for name in sorted(self._required - x.keys()):
            yield Fault(name, "missing", MISSING, f"must be {features[name].in_words}, and is missing")


def shortened(name: str) -> str:
    """Return the name of a feature as a message has room for it."""
    return name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME]}…"


def _is_same(value: object, allowed: object) -> bool:
    # To Python 1 is True.
    return value == allowed and isinstance(value, bool) == isinstance(allowed, bool)
