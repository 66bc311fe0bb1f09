"""Metrics of clusterings: by the distances to centres, and by labels where these come.

A learn without a label is scored by distances, one with a label by the label: what is learned first, and
labelled later, counts once in each.
"""

from typing import Any

from river import base, metrics

from models_app.domain.scoring import Confusion, GroundTruth


class Silhouette(metrics.Silhouette):  # type: ignore[misc]  # River has no types
    """River's silhouette, of what was noted of centres when the cluster was predicted.

    >>> silhouette = Silhouette()
    >>> silhouette.update(None, {"cluster": 0, "distances": [1.0, 4.0]})
    >>> silhouette.get()
    0.25
    """

    def update(self, y_true: GroundTruth, y_pred: dict[str, Any], w: float = 1.0) -> None:
        """Count a prediction that no label came for."""
        if y_true is None and "distances" in y_pred:
            nearest, second = y_pred["distances"]
            self._sum_distance_closest_centroid += nearest
            self._sum_distance_second_closest_centroid += second


def noted_distances(x: Any, cluster: Any, centers: Any) -> list[float] | None:
    """Return what River's silhouette adds to its two sums; None where it leaves out such a prediction."""
    one = metrics.Silhouette()
    one.update(x, cluster, centers)
    sums = one._sum_distance_closest_centroid, one._sum_distance_second_closest_centroid
    # Two zeros add nothing.
    return [float(one) for one in sums] if any(sums) else None


class _ByLabels(metrics.base.Metric):  # type: ignore[misc]
    """River's metric of the same name, of clusters and labels; without a label there is nothing to do."""

    def __init__(self) -> None:
        self._scores = getattr(metrics, type(self).__name__)(cm=Confusion())

    def update(self, y_true: GroundTruth, y_pred: dict[str, Any], w: float = 1.0) -> None:
        """Compare a label with a cluster."""
        if y_true is not None:
            self._scores.update(y_true, y_pred["cluster"], w)

    def revert(self, y_true: GroundTruth, y_pred: dict[str, Any], w: float = 1.0) -> None:
        """Undo an update."""
        if y_true is not None:
            self._scores.revert(y_true, y_pred["cluster"], w)

    def get(self) -> float | None:
        """Return River's value; None before the first label."""
        return float(self._scores.get()) if self._scores.cm.n_samples else None

    @property
    def bigger_is_better(self) -> bool:
        """Always."""
        return True

    def works_with(self, model: object) -> bool:
        """Say whether it is for such a model."""
        return isinstance(model, base.Clusterer)


class AdjustedRand(_ByLabels):
    """The Rand index, adjusted for chance.

    >>> rand = AdjustedRand()
    >>> rand.get()
    >>> for label, cluster in [("a", 0), ("a", 0), ("b", 1), ("b", 0)]:
    ...     rand.update(label, {"cluster": cluster})
    >>> rand.get()
    0.0
    """


class VBeta(_ByLabels):
    """The harmonic mean of homogeneity and completeness."""


class Rand(_ByLabels):
    """The Rand index."""


class FowlkesMallows(_ByLabels):
    """The geometric mean of pairwise precision and recall."""


class Homogeneity(_ByLabels):
    """Whether a cluster has one label only."""


class Completeness(_ByLabels):
    """Whether a label is in one cluster only."""


class MutualInfo(_ByLabels):
    """What clusters and labels say of each other."""


class NormalizedMutualInfo(_ByLabels):
    """The same between 0 and 1."""


class AdjustedMutualInfo(_ByLabels):
    """The same adjusted for chance."""


#: Those that can be chosen beside the flavor's own.
MORE: tuple[type[_ByLabels], ...] = (
    Rand,
    FowlkesMallows,
    Homogeneity,
    Completeness,
    MutualInfo,
    NormalizedMutualInfo,
    AdjustedMutualInfo,
)
