"""The forms that the values of a specification have, once they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ChainKind = Literal["pipeline", "union", "product"]
CollectionKind = Literal["list", "tuple", "set"]
CHAIN_KINDS: tuple[ChainKind, ...] = ("pipeline", "union", "product")


@dataclass(frozen=True, slots=True)
class Part:
    """An object of a class of River's, by its parameters; `place` is where the specification has it."""

    place: str
    path: str
    params: Mapping[str, "Value"]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a chain; River names it after its class where it has no name."""

    name: str | None
    value: "Part | Chain"


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps one after the other, or side by side."""

    place: str
    kind: ChainKind
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the list, perhaps with some of its parameters."""

    path: str
    params: Mapping[str, "Scalar"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of the list, or a class of River's, itself."""

    path: str


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Collection:
    """Values in a row."""

    kind: CollectionKind
    members: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A dict."""

    items: tuple[tuple["Scalar", "Value"], ...]


Scalar = None | bool | int | float | str
Value = Scalar | Part | Chain | Function | Kind | Duration | Collection | Mapped
