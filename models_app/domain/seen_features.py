"""What was seen of the features that a model was asked with: kinds, ranges, and how many texts."""

import hashlib
import sys
from bisect import insort
from typing import Any

import msgspec

from models_app.domain.contracts import (
    MAX_FEATURES,
    NUMBER,
    STRING,
    Breach,
    Contract,
    Fault,
    Rule,
    kind_of,
)

#: Records after which what was seen is a contract: what comes first cannot be told from what is unusual.
SETTLED = 100
# Hashes kept of a feature's texts: as many are counted, beyond that their number is estimated.
_MAX_HASHES = 64
_HASH_BITS = 48
_MAX_INTEGER = 1 << 63
# Faults that are told of once; the others are only counted.
_MAX_TOLD = 50


class SeenFeature(msgspec.Struct):
    """One feature: how often it was of which kind, between which numbers, and hashes of its texts."""

    kinds: dict[str, int] = {}  # msgspec copies it
    minimum: float | None = None
    maximum: float | None = None
    hashes: list[int] = []

    @property
    def n(self) -> int:
        """The number of values."""
        return sum(self.kinds.values())

    @property
    def cardinality(self) -> int:
        """The number of different texts: exact up to 64, an estimate from the least hashes beyond.

        Source: Bar-Yossef et al., Counting distinct elements in a data stream, RANDOM 2002.
        """
        if len(self.hashes) < _MAX_HASHES:
            return len(self.hashes)
        return round((_MAX_HASHES - 1) * (1 << _HASH_BITS) / max(1, self.hashes[-1]))

    @property
    def is_estimated(self) -> bool:
        """Say whether the cardinality is an estimate."""
        return len(self.hashes) >= _MAX_HASHES

    def see(self, value: Any, kind: str) -> None:
        """Take one value."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == NUMBER:
            if self.minimum is None or self.maximum is None:
                self.minimum = self.maximum = _kept(value)
            elif value < self.minimum:
                self.minimum = _kept(value)
            elif value > self.maximum:
                self.maximum = _kept(value)
        elif kind == STRING:
            self._see_text(value)

    def _see_text(self, text: str) -> None:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BITS // 8).digest()
        number, hashes = int.from_bytes(digest), self.hashes
        if len(hashes) >= _MAX_HASHES:
            if number >= hashes[-1]:
                return
            if number not in hashes:
                hashes.pop()
        if number not in hashes:
            insort(hashes, number)


def _kept(number: float) -> float:
    """Return a number as it can be kept: JSON may have integers that no float comes near.

    >>> _kept(3), _kept(-(10**400))
    (3, -1.7976931348623157e+308)
    """
    if -_MAX_INTEGER < number < _MAX_INTEGER:
        return number
    return max(-sys.float_info.max, min(sys.float_info.max, number)) * 1.0


class Seen(msgspec.Struct):
    """The features of `n` records. Of more than a thousand features only the first are kept.

    `n_objects` of them had features by name; `is_open`: some features had no room. `breaches` are counted by
    what was wrong. `told` has the faults that were told of: feature, what was wrong, the kind that came. They
    are about the frozen contract of `revision`, or about what was seen, where that is 0.

    >>> seen = Seen()
    >>> for number in range(SETTLED):
    ...     seen.see({"area": number + 0.5})
    >>> seen.features["area"].maximum, seen.stands, seen.contract().features["area"].in_words
    (99.5, True, 'number')
    """

    n: int = 0
    n_objects: int = 0
    n_skipped: int = 0
    is_open: bool = False
    wholes: dict[str, int] = {}
    features: dict[str, SeenFeature] = {}
    breaches: dict[Breach, int] = {}
    told: list[tuple[str, Breach, str]] = []
    revision: int = 0

    @property
    def stands(self) -> bool:
        """Say whether enough was seen to be a contract."""
        return self.n >= SETTLED

    @property
    def n_breaches(self) -> int:
        """The number of faults that were counted."""
        return sum(self.breaches.values())

    def see(self, x: object) -> None:
        """Take the features of a record."""
        whole = kind_of(x)
        self.n += 1
        self.wholes[whole] = self.wholes.get(whole, 0) + 1
        if not isinstance(x, dict):
            return
        self.n_objects += 1
        features = self.features
        for name, value in x.items():
            feature = features.get(name)
            if feature is None:
                if len(features) >= MAX_FEATURES:
                    self.is_open = True
                    continue
                feature = features[name] = SeenFeature()
            feature.see(value, kind_of(value))

    def compare_with(self, revision: int) -> None:
        """Tell anew of faults where it is another contract that has them."""
        if revision != self.revision:
            self.revision, self.told = revision, []

    def breached(self, fault: Fault) -> bool:
        """Count a fault; return whether it was not told of before."""
        self.breaches[fault.breach] = self.breaches.get(fault.breach, 0) + 1
        key = (fault.feature, fault.breach, fault.came)
        if key in self.told or len(self.told) >= _MAX_TOLD:
            return False
        self.told.append(key)
        return True

    def n_missing(self, name: str) -> int:
        """Return how many records that had features were without this one."""
        return self.n_objects - self.features[name].n

    def contract(self) -> Contract:
        """Return what was seen as a contract: kinds alone, since numbers and texts go on to be others."""
        return Contract(
            features={
                name: Rule(kinds=frozenset(feature.kinds), is_required=not self.n_missing(name))
                for name, feature in self.features.items()
            },
            is_open=self.is_open,
            wholes=frozenset(self.wholes),
        )


_decoder = msgspec.json.Decoder(Seen)


def encode(seen: Seen) -> str:
    """Return it as JSON text."""
    return msgspec.json.encode(seen).decode()


def decode(text: str) -> Seen:
    """Undo `encode`."""
    return _decoder.decode(text)
