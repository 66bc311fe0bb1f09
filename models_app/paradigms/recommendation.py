"""Recommendation: how a user would rate an item, and which of some items come first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from river.reco.base import Ranker

from models_app.domain import predictions, rankings
from models_app.domain.errors import InvalidRequest
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction, UnsupportedPrediction
from models_app.domain.scoring import GroundTruth, Scores
from models_app.paradigms.base import FEATURES, Member, Members, Paradigm, last_step
from models_app.paradigms.numbers import overflowing

USER, ITEM, ITEMS, K = "user", "item", "items", "k"
#: A member of a ground truth that says more than which item was taken.
RATING = "rating"
# What an item that was taken is rated where nobody has rated it.
_TAKEN = 1.0
_WRONG_KEY = "must be a string or an integer"
_KEY_SCHEMA = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
_MAX_KEY = 2**63


def _is_key(value: object) -> bool:
    """Say whether a value names a user or an item: `1` and `"1"` are two, and `true` is none."""
    return type(value) is str or (type(value) is int and -_MAX_KEY <= value < _MAX_KEY)


def taken(y_true: Any) -> tuple[Any, Any]:
    """Return the item that was taken of a ranking, and how it was rated."""
    return (y_true[ITEM], y_true.get(RATING, _TAKEN)) if isinstance(y_true, dict) else (y_true, _TAKEN)


def truth_of_taken(item: object, rating: GroundTruth) -> GroundTruth:
    """Return the ground truth of a ranking of which an item was taken, and rated where there is a rating.

    >>> truth_of_taken("tea", None), truth_of_taken("tea", 4)
    ({'item': 'tea'}, {'item': 'tea', 'rating': 4})
    """
    return {ITEM: item} if rating is None else {ITEM: item, RATING: rating}


def _pairs(y_true: GroundTruth, y_pred: Prediction) -> Iterable[tuple[Any, Any]]:
    """Yield a rating with the one that was predicted, or the item that was taken with the ranking."""
    if y_true is None:
        return ()
    if isinstance(y_pred, list):
        item, rating = taken(y_true)
        # What somebody has taken and not liked was no hit.
        return ((item, y_pred),) if rating > 0 else ()
    return ((y_true, y_pred),) if predictions.is_scorable(y_pred) else ()


def _normalize(value: object) -> Prediction:
    if isinstance(value, list):
        return value
    rating = predictions.number(value)
    if rating is None:
        raise UnsupportedPrediction("the model predicted no number")
    # At once: what is too large for a float cannot be kept.
    return float(rating)


def _rating_asked(number: int) -> Features:
    return {USER: ("ann", "ben", 3)[number % 3], ITEM: number % 4}


class Recommendation(Paradigm):
    """A rating is predicted by `predict_one` for a user and an item; of several items, their order by it.

    Predictions are records of the journal: River's recommenders draw when they predict, or for whom they
    meet for the first time.
    """

    name = "recommendation"
    predict_method = "predict_one"
    metrics = (rankings.MAE, rankings.RMSE, rankings.MRR, rankings.HitRateAt10, rankings.NDCGAt10)
    pairs = staticmethod(_pairs)
    normalize = staticmethod(_normalize)
    wanted = "a recommender"
    answer_in_words = "a number"
    kinds = (Ranker,)
    described = "a recommender, which predicts from a user and an item"
    takes: Mapping[str, Member] = MappingProxyType(
        {
            USER: Member(_KEY_SCHEMA, '`recommendation`: who is to be served; `1` and `"1"` are two users.'),
            ITEM: Member(_KEY_SCHEMA, "`recommendation`: what is to be rated."),
            ITEMS: Member(
                {"type": "array", "items": _KEY_SCHEMA, "minItems": 1, "uniqueItems": True},
                "`recommendation`: what is to be ranked, instead of `item`.",
            ),
            K: Member(
                {"type": "integer", "minimum": 1},
                "`recommendation`: how many of the items to answer, the best; all without it.",
            ),
        }
    )
    records_predictions = True
    trial_truths = (lambda number: 0.5 + (5 * number % 7),)
    trial_inputs = (_rating_asked,)
    example_truth = "4.5"
    diagnosis = "places"
    errors_in_words = "the errors of ratings"

    @property
    def calls(self) -> dict[str, tuple[str, ...]]:
        """What the methods are called with, in words; features come last, where there are some."""
        return {"learn_one": (USER, ITEM, "ground truth"), self.predict_method: (USER, ITEM)}

    def check_members(self, members: Members, *, learns: bool) -> None:
        """Raise `InvalidRequest` unless there are a user and an item, or items to rank."""
        reasons = {
            name: [f"not taken by the flavor '{self.name}'"]
            for name in members
            if name != FEATURES and name not in self.takes
        }
        for name, reason in _faults(members):
            reasons.setdefault(name, [reason])
        if reasons:
            raise InvalidRequest(reasons)

    def predictor(self, model: Any) -> Callable[[Features], object]:
        """Return what rates an item, or ranks several by their ratings: of equals, the one named first."""
        predict_one = _alone(model).predict_one

        def predicted(asked: Any) -> object:
            user, context = asked[USER], _context(asked)
            if ITEM in asked:
                return predict_one(user, asked[ITEM], *context)
            ratings = {item: _normalize(predict_one(user, item, *context)) for item in asked[ITEMS]}
            return sorted(ratings, key=ratings.__getitem__, reverse=True)[: asked.get(K)]  # type: ignore[arg-type]

        return predicted

    def learner(self, model: Any) -> Callable[[Features, GroundTruth], object]:
        """Return what lets the model learn a rating: the one given, or that an item was taken."""
        learn_one = _alone(model).learn_one

        def learned(asked: Any, y_true: Any) -> None:
            item, rating = (asked[ITEM], y_true) if ITEM in asked else taken(y_true)
            learn_one(asked[USER], item, rating, *_context(asked))

        return learned

    def check_ground_truth(self, value: object) -> str | None:
        """Return why a value is neither a rating nor an item that was taken, or None."""
        if isinstance(value, dict):
            return _fault_of_taken(value)
        if _is_key(value) or isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            return overflowing(value) or (None if isinstance(value, float) else "must be within 64 bits")
        return "must be a rating, or the item that was taken"

    def misfit(self, x: Features, y_true: GroundTruth) -> str | None:
        """Return why there is an item where a rating was asked for, or the other way round."""
        if ITEM in x:
            is_taken = isinstance(y_true, str | dict)
            return f"must be a number, for an item; '{ITEM}' is of rankings" if is_taken else None
        if _is_key(y_true) or isinstance(y_true, dict):
            return None
        return f"must be the item that was taken of the ranking, or an object of '{ITEM}' and '{RATING}'"

    def error(self, y_true: GroundTruth, y_pred: Prediction) -> float | None:
        """Return how far a rating is from the one predicted; None of a ranking."""
        if isinstance(y_true, int | float) and isinstance(y_pred, int | float):
            return float(abs(y_true - y_pred))
        return None

    def errors(self, scores: Scores) -> Sequence[float]:
        """Return the same of all that were scored."""
        return [self.error(y_true, y_pred) for y_true, y_pred in scores.others]  # type: ignore[misc]  # None: unknown

    def level(self, y_pred: Prediction) -> float | None:
        """Return the rating that was predicted; None of a ranking."""
        return float(y_pred) if isinstance(y_pred, int | float) and predictions.is_scorable(y_pred) else None


def _alone(model: Any) -> Any:
    if last_step(model) is not model:
        raise NotImplementedError("a pipeline passes on features alone: upload the recommender without it")
    return model


def _context(asked: Members) -> tuple[object, ...]:
    return (asked[FEATURES],) if FEATURES in asked else ()


def _faults(members: Members) -> Iterable[tuple[str, str]]:
    if USER not in members:
        yield USER, "required field"
    elif not _is_key(members[USER]):
        yield USER, _WRONG_KEY
    if ITEM in members and not _is_key(members[ITEM]):
        yield ITEM, _WRONG_KEY
    if ITEM in members and ITEMS in members:
        yield ITEMS, f"not with '{ITEM}'"
    elif ITEM not in members and ITEMS not in members:
        yield ITEM, f"required field, unless there are '{ITEMS}' to rank"
    if ITEMS in members and (reason := _fault_of_items(members[ITEMS])):
        yield ITEMS, reason
    if K in members and ITEMS not in members:
        yield K, f"only with '{ITEMS}'"
    elif K in members and not (type(members[K]) is int and members[K] >= 1):
        yield K, "must be a positive integer"
    if FEATURES in members and not isinstance(members[FEATURES], dict):
        yield FEATURES, "must be an object"


def _fault_of_items(items: object) -> str | None:
    if not isinstance(items, list) or not items:
        return "must be an array of items, not empty"
    if not all(map(_is_key, items)):
        return "must be strings and integers"
    return None if len(set(items)) == len(items) else "must not have an item twice"


def _fault_of_taken(value: dict[str, Any]) -> str | None:
    if not _is_key(value.get(ITEM)) or value.keys() - {ITEM, RATING}:
        return f"must have '{ITEM}', a string or an integer, and may have '{RATING}' beside it"
    rating = value.get(RATING, _TAKEN)
    if not isinstance(rating, bool | int | float):
        return f"'{RATING}' must be a number"
    reason = overflowing(rating)
    return f"'{RATING}' {reason}" if reason else None


RECOMMENDATION = Recommendation()
