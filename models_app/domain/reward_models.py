"""A model of rewards, for doubly robust estimates: what an arm earns, given features."""

from collections.abc import Hashable

from river import stats, tree

from models_app.domain.features import Features

_PLAIN = (bool, int, float, str)


class RewardModel:
    """A tree of features for each arm; without features, the arm's mean.

    It is asked before it learns: so its errors do not add a bias to the estimate, whatever it has learned.

    >>> model = RewardModel()
    >>> model.learn("a", {"x": 1.0}, 2.0)
    >>> model.expected("a", {"x": 1.0}), model.expected("b", {"x": 1.0})
    (2.0, 2.0)
    """

    def __init__(self) -> None:
        self._trees: dict[Hashable, tree.HoeffdingTreeRegressor] = {}
        self._mean = stats.Mean()

    def expected(self, arm: Hashable, x: Features | None) -> float:
        """Return the reward that is expected of an arm; of one that was never rewarded, the mean of all."""
        found = self._trees.get(arm)
        return float(self._mean.get() if found is None else found.predict_one(_plain(x)))

    def learn(self, arm: Hashable, x: Features | None, reward: float) -> None:
        """Learn what an arm has earned."""
        if arm not in self._trees:
            self._trees[arm] = tree.HoeffdingTreeRegressor(grace_period=50, leaf_prediction="mean")
        self._trees[arm].learn_one(_plain(x), reward)
        self._mean.update(reward)


def _plain(x: Features | None) -> dict[str, bool | int | float | str]:
    """Return the features that a tree can split by."""
    if not isinstance(x, dict):
        return {}
    return {name: value for name, value in x.items() if isinstance(value, _PLAIN)}
