"""Whether the answers are right. Each check returns what is wrong, in words; nothing is right.

With one connection the order is known, and every prediction must be bare River's to the last bit. With
several, this server's journal has the order of the learns: each prediction must be the one that bare River
makes somewhere between the learns that were answered before it was asked for and its own (`check_order`). The
other servers keep no order: there, the answers must be well-formed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import mirrors
from benchmarks.load import Answer
from benchmarks.mirrors import Prediction
from benchmarks.wire import prediction_id
from benchmarks.workloads import Workload

_SUM_TOLERANCE = 1e-9
# One reason is enough.
_MAX_REASONS = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """A prediction and its learn, as one connection made them one after the other."""

    number: int
    predicted: Answer
    learned: Answer

    @property
    def prediction(self) -> Any:
        """The answered prediction."""
        return json.loads(self.predicted[1])["prediction"]


#: What each connection did, in its order.
Exchanges = Sequence[Sequence[Pair]]


def check_statuses(exchanges: Exchanges) -> list[str]:
    """Every prediction and every learn is acknowledged with a 201."""
    wrong = [
        f"answered {status}: {body[:200]!r}"
        for pairs in exchanges
        for pair in pairs
        for status, body in (pair.predicted, pair.learned)
        if status != 201
    ]
    return _some(wrong)


def check_sequence(pairs: Sequence[Pair], expected: Sequence[Prediction]) -> list[str]:
    """Predictions are bare River's, record for record."""
    wrong = [
        f"record {pair.number}: {pair.prediction} instead of {prediction}"
        for pair, prediction in zip(pairs, expected, strict=True)
        if pair.prediction != prediction
    ]
    return _some(wrong)


def check_well_formed(predictions: Sequence[Any]) -> list[str]:
    """Each is a probability of true and one of false, or empty where nothing is known yet."""
    return _some([f"no probabilities: {p!r}" for p in predictions if not _is_well_formed(p)])


def check_order(
    exchanges: Exchanges, journal: Sequence[tuple[str | None, Prediction]], workload: Workload, model: Any
) -> list[str]:
    """The answers are those of one order of all requests, the journal's.

    `model` is the model before the first learn; it learns the journal.
    """
    learned = [name for name, _ in journal]
    if sorted(map(str, learned)) != sorted(_name(pair) for pairs in exchanges for pair in pairs):
        return [f"the journal has {len(learned)} learns, not exactly those that were acknowledged"]
    wrong = _check_stored(exchanges, journal)
    waiting = [iter(pairs) for pairs in exchanges]
    asked = {_name(pair): (pair, own) for own in waiting if (pair := next(own, None)) is not None}
    unmatched = dict(asked)
    for name in map(str, learned):
        _match(unmatched, workload, model)
        if name not in asked:
            return [*wrong, f"{name} was learned before its connection had asked for it"]
        pair, own = asked.pop(name)
        if unmatched.pop(name, None) is not None:
            wrong.append(f"record {pair.number}: no state of the model predicts {pair.prediction}")
        sample = workload.sample(pair.number)
        model.learn_one(dict(sample.features), sample.ground_truth)
        following = next(own, None)
        if following is not None:
            asked[_name(following)] = unmatched[_name(following)] = (following, own)
    return _some(wrong)


def _match(unmatched: dict[str, tuple[Pair, Any]], workload: Workload, model: Any) -> None:
    """Drop what the model predicts in its present state."""
    for name, (pair, _) in list(unmatched.items()):
        if mirrors.predict(model, workload.sample(pair.number)) == pair.prediction:
            del unmatched[name]


def _check_stored(exchanges: Exchanges, journal: Sequence[tuple[str | None, Prediction]]) -> list[str]:
    stored = dict(journal)
    return [
        f"record {pair.number}: the journal has {stored[_name(pair)]} instead of {pair.prediction}"
        for pairs in exchanges
        for pair in pairs
        if stored[_name(pair)] != pair.prediction
    ]


def _name(pair: Pair) -> str:
    return prediction_id(pair.number).decode()


def _is_well_formed(prediction: Any) -> bool:
    if not isinstance(prediction, dict) or not set(prediction) <= {"true", "false"}:
        return False
    return not prediction or abs(sum(prediction.values()) - 1) < _SUM_TOLERANCE


def _some(reasons: list[str]) -> list[str]:
    more = len(reasons) - _MAX_REASONS
    return [*reasons[:_MAX_REASONS], *([f"and {more} more"] if more > 0 else [])]
