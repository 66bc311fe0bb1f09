"""The share of each arm in the last pulls, and what it has earned."""

from collections import Counter
from collections.abc import Sequence
from typing import cast

from models_app.domain.predictions import Prediction
from models_app.paradigms.bandits import ARM, reward_of, text_of
from models_app.paradigms.base import Paradigm
from models_app.paradigms.pulls import Arm
from monitoring.pages.diagnoses.base import Context, Diagnosis
from monitoring.pages.numbers import short
from monitoring.pages.outcomes import Outcome

# The pulled most, so that the table stays one that can be read.
_MOST_ROWS = 50


def _find(outcomes: Sequence[Outcome], _paradigm: Paradigm) -> Context:
    used = [(arm, outcome) for outcome in outcomes if (arm := _arm(outcome.y_pred)) is not None]
    pulls = Counter(arm for arm, outcome in used if outcome.y_true is None)
    rewards: dict[Arm, list[float]] = {arm: [] for arm, _ in used}
    for arm, outcome in used:
        reward = reward_of(outcome.y_true, arm)
        if reward is not None:
            rewards[arm].append(float(reward))
    arms = sorted(rewards, key=lambda arm: (-pulls[arm], -len(rewards[arm]), text_of(arm)))
    rows = [_row(arm, pulls, rewards[arm]) for arm in arms[:_MOST_ROWS]]
    return {
        "n": len(used),
        "n_left_out": len(outcomes) - len(used),
        "n_pulls": pulls.total(),
        "n_arms": len(arms),
        "rows": rows,
        "drawn": {"n": [pulls[arm] for arm in arms[:_MOST_ROWS]]},
    }


def _arm(y_pred: Prediction) -> Arm | None:
    return cast("Arm", y_pred[ARM]) if isinstance(y_pred, dict) and ARM in y_pred else None


def _row(arm: Arm, pulls: Counter[Arm], rewards: Sequence[float]) -> Context:
    return {
        "arm": text_of(arm),
        "pulls": pulls[arm],
        "share": 100 * pulls[arm] / pulls.total() if pulls else 0.0,
        "rewards": len(rewards),
        "mean": short(sum(rewards) / len(rewards)) if rewards else None,
    }


ARMS = Diagnosis(
    title="Arms",
    about="How often each is pulled, and what it earns",
    template="monitoring/diagnoses/arms.html",
    charts="monitoring/diagnoses/no_charts.html",
    find=_find,
)
