"""Records that mention something: what a model is asked to forget."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

#: What a feature can be asked for by: more than this a client can hardly have written alike.
Value = str | int | float | bool | None

_decoder = msgspec.json.Decoder(Any)
# Where a model is asked with more than features: the features, and those of each step of a forecast.
_FEATURES, _XS = "features", "xs"


class Mention(Protocol):
    """Something that a record, or a prediction that is pending, may mention."""

    @property
    def by(self) -> str:
        """What is looked at, in a word."""

    def is_in(self, prediction_id: str | None, text: "bytes | str | msgspec.Raw") -> bool:
        """Say whether a record with that id, made from that JSON text, mentions it."""

    def canonical(self) -> bytes:
        """Return what was asked for, the same bytes each time."""


@dataclass(frozen=True, slots=True)
class OfId:
    """A prediction's id.

    >>> OfId("42").is_in("42", b"{}"), OfId("42").is_in(None, b'{"id": "42"}')
    (True, False)
    """

    prediction_id: str
    by: str = "id"

    def is_in(self, prediction_id: str | None, text: "bytes | str | msgspec.Raw") -> bool:
        """See the protocol."""
        return prediction_id == self.prediction_id

    def canonical(self) -> bytes:
        """See the protocol."""
        return msgspec.json.encode({"id": self.prediction_id})


@dataclass(frozen=True, slots=True)
class OfFeature:
    """A feature with one of some values, mostly one; or another member that a model is asked with (`user`).

    A number is not the text that looks like it; 1 and 1.0 are the same number, and true is none.

    >>> OfFeature("user", ["u7"]).is_in(None, b'{"user": "u7"}')
    True
    >>> one = OfFeature("a", [1])
    >>> one.is_in(None, b'[{"a": 1.0},"2026-03-01"]'), one.is_in(None, b'{"a": true}')
    (True, False)
    >>> one.is_in(None, b'{"horizon": 2, "xs": [{"a": 0}, {"a": 1}]}')
    True
    """

    name: str
    values: Sequence[Value]
    by: str = "feature"

    def is_in(self, prediction_id: str | None, text: "bytes | str | msgspec.Raw") -> bool:
        """See the protocol."""
        return any(
            self.name in named and any(_is_same(named[self.name], value) for value in self.values)
            for named in _named(_decoder.decode(text))
        )

    def canonical(self) -> bytes:
        """See the protocol."""
        return msgspec.json.encode({"feature": {self.name: self.values[0]}})


def _named(asked: Any) -> Iterator[dict[str, Any]]:
    """Yield all that has values by name in what a model was asked with."""
    if isinstance(asked, list):
        # Features, with their moment.
        asked = asked[0]
    if not isinstance(asked, dict):
        return
    yield asked
    steps = asked.get(_XS)
    for member in (asked.get(_FEATURES), *(steps if isinstance(steps, list) else ())):
        if isinstance(member, dict):
            yield member


def _is_same(found: object, wanted: Value) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    return found == wanted
