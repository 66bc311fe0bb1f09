"""Clustering: which group features belong to. Models learn without a ground truth."""

import functools
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any, cast

from river import base, cluster

from models_app.domain import predictions
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth, Kind
from models_app.paradigms.base import Paradigm, is_a, last_step, transformed
from models_app.paradigms.cluster_metrics import MORE, AdjustedRand, Silhouette, VBeta, noted_distances
from models_app.paradigms.numbers import overflowing

#: What of a model that predicts nothing shows its clusters.
_STRUCTURE = "render_ascii"


def _pairs(y_true: GroundTruth, y_pred: Prediction) -> Iterable[tuple[GroundTruth, dict[str, Any]]]:
    noted: dict[Any, Any] = y_pred if isinstance(y_pred, dict) else {"cluster": y_pred}
    is_cluster = noted["cluster"] is not None and not isinstance(noted["cluster"], list)
    if is_cluster and (y_true is not None or "distances" in noted):
        yield y_true, noted


class Clustering(Paradigm):
    """The number of a cluster is predicted by `predict_one`; nothing has to be true.

    With it goes, unseen, what a silhouette needs: how far the features are from the centres.
    Labels are scored when they come, and not learned.
    """

    name = "clustering"
    predict_method = "predict_one"
    metrics: tuple[Kind, ...] = (Silhouette, AdjustedRand, VBeta)
    more_metrics = MappingProxyType({kind.__name__: kind for kind in MORE})
    pairs = staticmethod(_pairs)
    normalize = staticmethod(predictions.tree)
    wanted = "a clusterer"
    answer_in_words = "the number of a cluster"
    kinds = (base.Clusterer,)
    described = "a clusterer, which learns without a ground truth"
    needs_truth = False
    scores_late = True
    trial_truths = (lambda _: None,)
    example_truth = '"a"'

    def predictor(self, model: Any) -> Callable[[Features], object]:
        """Return what predicts a cluster, with distances where the model has centres."""
        predict_one = model.predict_one
        step: Any = last_step(model)

        def predicted(x: Features) -> object:
            try:
                number = predict_one(x)
            except ValueError:
                # Some of River's have no clusters yet, and look for the nearest.
                if getattr(step, "centers", None) == {}:
                    return None
                raise
            # Not before: some form their clusters anew when they are asked for the centres.
            centers = getattr(step, "centers", None)
            distances = noted_distances(transformed(model, x), number, centers) if centers else None
            return number if distances is None else {"cluster": number, "distances": distances}

        return predicted

    def learner(self, model: Any) -> Callable[[Features, GroundTruth], object]:
        """Return what lets the model learn; a label is not for it."""
        learn_one = model.learn_one
        return lambda x, _: learn_one(x)

    def shown(self, y_pred: Prediction) -> Prediction:
        """Return the cluster alone."""
        return y_pred["cluster"] if isinstance(y_pred, dict) else y_pred

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if isinstance(value, str):
            return None
        if not isinstance(value, bool | int | float):
            return "must be a label (a string, a number or a boolean), where there is one"
        return overflowing(value)

    def level(self, y_pred: Prediction) -> float | None:
        """Return how far the centre of the cluster is."""
        return float(cast("Any", y_pred)["distances"][0]) if isinstance(y_pred, dict) else None

    def fallback(self, step: object) -> str | None:
        """Return what shows the clusters of features that `ODAC` forms, which predicts nothing."""
        return _STRUCTURE if is_a(last_step(step), cluster.ODAC) else None

    def served_by(self, predict_method: str) -> Paradigm:  # noqa: D102
        return self._of_features if predict_method == _STRUCTURE else self

    @functools.cached_property
    def _of_features(self) -> Paradigm:
        return _ClusteringOfFeatures()


class _ClusteringOfFeatures(Clustering):
    """The clusters are answered as they are: each a list of the features that go together."""

    predict_method = _STRUCTURE
    metrics = ()
    answer_in_words = "the clusters, each a list of features"

    def predictor(self, model: Any) -> Callable[[Features], object]:
        """Return what lists the clusters, whatever is asked with."""
        step: Any = last_step(model)

        def listed(_: Features) -> object:
            leaves = step._find_all_active_clusters(step._root_node)
            return [leaf.timeseries_names for leaf in leaves if leaf.timeseries_names]

        return listed

    def can_score(self, kind: Kind) -> bool:
        return False


CLUSTERING = Clustering()
