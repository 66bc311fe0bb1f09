"""Recommenders, with what is asked of them and taken, and what River alone makes of that."""

import math
import random
from typing import Any

from river import metrics, reco, stats

Answers = tuple[list[Any], dict[str, float | None]]

MODELS = {
    "Baseline": reco.Baseline,
    "BiasedMF": lambda: reco.BiasedMF(seed=1),
    "FunkMF": lambda: reco.FunkMF(seed=1),
    "RandomNormal": lambda: reco.RandomNormal(seed=1),
}
#: How many records later it is known what was taken of a ranking.
_DELAY = 3
_K = 4


def _asked(number: int) -> tuple[int | str, list[int | str], float]:
    """Return a user, some items and a rating; some are numbers, and some are strings of the same."""
    rng = random.Random(number)
    keys: list[int | str] = [*rng.sample(range(15), 6), rng.randrange(9)]
    *items, user = [rng.choice([key, str(key)]) for key in keys]
    return user, items, rng.uniform(1.0, 5.0)


def _taken(number: int) -> Any:
    """Return what was taken of a ranking: an item, at times with a rating, or one that was not liked."""
    _, items, rating = _asked(number)
    return items[0] if number % 3 else {"item": items[1], "rating": rating if number % 2 else 0}


def _said_to_be_taken(number: int) -> dict[str, Any]:
    """Return the members that say what was taken: as a ground truth, or as an item that may have one."""
    taken = _taken(number)
    if number % 4 < 2:
        return {"ground_truth": taken}
    if isinstance(taken, dict):
        return {"item": taken["item"], "ground_truth": taken["rating"]}
    return {"item": taken}


def requests(number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the requests of a record: all that can be asked, and truths at once, late or never."""
    user, items, rating = _asked(number)
    made: list[tuple[str, dict[str, Any]]] = [
        ("predict", {"user": user, "item": items[0], "id": f"one {number}"}),
        ("predict", {"user": user, "items": items, "k": _K, "id": f"several {number}"}),
        ("predict", {"user": f"visitor {number}", "item": items[1]}),
        ("learn", {"id": f"one {number}", "ground_truth": rating}),
        ("learn", {"user": user, "item": items[2], "ground_truth": bool(number % 2)}),
    ]
    if number >= _DELAY:
        late = number - _DELAY
        made.append(("learn", {"id": f"several {late}", **_said_to_be_taken(late)}))
    return made


def bare(model: Any, n: int) -> Answers:
    """Return what River alone answers, and the metrics by their definitions."""
    answers: list[Any] = []
    rankings: list[list[Any]] = []
    mae, rmse, mrr, hits, ndcg = metrics.MAE(), metrics.RMSE(), stats.Mean(), stats.Mean(), stats.Mean()

    def learn(user: Any, item: Any, rating: Any, predicted: float) -> None:
        mae.update(rating, predicted)
        rmse.update(rating, predicted)
        model.learn_one(user, item, rating)

    for number in range(n):
        user, items, rating = _asked(number)
        one = model.predict_one(user, items[0])
        # Not a set, whose order is another one in each process.
        rankings.append(model.rank(user, items)[:_K])
        answers += [one, rankings[-1], model.predict_one(f"visitor {number}", items[1])]
        learn(user, items[0], rating, one)
        learn(user, items[2], bool(number % 2), model.predict_one(user, items[2]))
        if number < _DELAY:
            continue
        taken, (user, *_) = _taken(number - _DELAY), _asked(number - _DELAY)
        item, rating = (taken["item"], taken["rating"]) if isinstance(taken, dict) else (taken, 1.0)
        if rating > 0:
            ranking = rankings[number - _DELAY]
            place = ranking.index(item) + 1 if item in ranking else math.inf
            mrr.update(1 / place)
            hits.update(float(place <= 10))
            ndcg.update(1 / math.log2(1 + place))
        model.learn_one(user, item, rating)
    values = (mae.get(), rmse.get(), mrr.get(), hits.get(), ndcg.get())
    return answers, dict(zip(("MAE", "RMSE", "MRR", "HitRateAt10", "NDCGAt10"), values, strict=True))
