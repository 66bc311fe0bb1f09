"""Places: where in a ranking the item stood that was taken; of ratings, how they are distributed."""

from collections import Counter
from collections.abc import Sequence
from typing import cast

from models_app.domain.rankings import place_of
from models_app.paradigms.base import Paradigm
from models_app.paradigms.recommendation import taken
from monitoring.pages.diagnoses import levels
from monitoring.pages.diagnoses.base import Context, Diagnosis
from monitoring.pages.outcomes import Outcome

_MOST_ROWS = 10


def _find(outcomes: Sequence[Outcome], paradigm: Paradigm) -> Context:
    # A prediction is a record of its own, without a ground truth.
    known = [outcome for outcome in outcomes if outcome.y_true is not None]
    rankings = [outcome for outcome in known if isinstance(outcome.y_pred, list)]
    if not rankings:
        return levels.LEVELS.find(known, paradigm)
    places = Counter(
        place_of(taken(outcome.y_true)[0], cast("list[object]", outcome.y_pred)) for outcome in rankings
    )
    n_last = sum(n for place, n in places.items() if place is not None and place > _MOST_ROWS)
    rows = [(str(place), places[place]) for place in range(1, _MOST_ROWS + 1) if place <= _last(places)]
    rows += [("farther down", n_last)] if n_last else []
    rows += [("not in the ranking", places[None])] if places[None] else []
    return {
        "n": len(rankings),
        # Ratings are no rankings, and are seen in the metrics.
        "n_left_out": 0,
        "is_ranked": True,
        "rows": [(name, n, 100 * n / len(rankings)) for name, n in rows],
        "drawn": {"n": []},
    }


def _last(places: Counter[int | None]) -> int:
    return max((place for place in places if place is not None), default=0)


PLACES = Diagnosis(
    title="Recommendations",
    about="Where in the rankings the items stood that were taken; else how the ratings are distributed",
    template="monitoring/diagnoses/places.html",
    charts="monitoring/diagnoses/levels_charts.html",
    find=_find,
)
