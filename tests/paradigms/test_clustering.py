import pickle
from typing import Any

import pytest
from river import cluster, metrics, preprocessing

from models_app.domain.errors import InvalidGroundTruth
from models_app.domain.scoring import Kind, Scorer, values
from models_app.paradigms import trials
from models_app.paradigms.cluster_metrics import MORE
from models_app.paradigms.clustering import CLUSTERING
from models_app.paradigms.guessing import guess


def point(number: int) -> Any:
    return {"a": 10.0 * (number % 3) + number % 2, "b": float(number % 5)}


def scored(*outcomes: tuple[Any, Any]) -> dict[str, float | None]:
    """Return the metrics of truths with predictions."""
    board = CLUSTERING.new_metrics()
    scorer = Scorer(board, CLUSTERING.pairs)
    for y_true, y_pred in outcomes:
        scorer.score(y_true, y_pred)
    scorer.take()
    return values(board)


class TestPredictor:
    def test_notes_the_distances_that_a_silhouette_needs(self) -> None:
        model = preprocessing.StandardScaler() | cluster.KMeans(n_clusters=3, seed=1)
        outcomes: list[tuple[None, Any]] = []
        river = metrics.Silhouette()
        for number in range(50):
            outcomes.append((None, CLUSTERING.predictor(model)(point(number))))
            x, step = model.transform_one(point(number)), model["KMeans"]
            river.update(x, step.predict_one(x), step.centers)
            model.learn_one(point(number))

        assert all(isinstance(y_pred, dict) for _, y_pred in outcomes)
        assert scored(*outcomes)["Silhouette"] == river.get()
        assert [CLUSTERING.shown(y_pred) for _, y_pred in outcomes] == [y["cluster"] for _, y in outcomes]

    def test_answers_nothing_while_there_are_no_clusters(self) -> None:
        model = cluster.STREAMKMeans(chunk_size=5, n_clusters=2, seed=1)

        assert CLUSTERING.predictor(model)(point(0)) is None
        model.learn_one(point(0))
        assert CLUSTERING.predictor(model)(point(0)) is not None

    def test_raises_what_a_model_raises_else(self) -> None:
        class Broken(cluster.KMeans):  # type: ignore[misc]
            def predict_one(self, x: object) -> int:
                raise ValueError(x)

        with pytest.raises(ValueError, match="7"):
            CLUSTERING.predictor(Broken())(7)  # type: ignore[arg-type]

    def test_leaves_a_model_alone_before_it_predicts(self) -> None:
        model = cluster.DBSTREAM(clustering_threshold=0.5)
        for number in range(20):
            model.learn_one(point(number))
        before = pickle.dumps(model)

        CLUSTERING.predictor(model)

        assert pickle.dumps(model) == before


class TestScores:
    def test_are_by_distances_without_a_label_and_else_by_the_label(self) -> None:
        near = {"cluster": 0, "distances": [1.0, 2.0]}

        assert scored((None, near), (None, 3), (None, None), ("a", None)) == {
            "Silhouette": 0.5, "AdjustedRand": None, "VBeta": None,
        }  # fmt: skip
        assert scored(("a", near), ("b", 3)) == {"Silhouette": None, "AdjustedRand": 1.0, "VBeta": 1.0}

    @pytest.mark.parametrize("label", ["a", 3, 2.5, False])
    def test_take_any_label(self, label: object) -> None:
        assert CLUSTERING.ground_truth(label) is label

    @pytest.mark.parametrize("label", [["a"], float("nan")])
    def test_take_nothing_else(self, label: object) -> None:
        with pytest.raises(InvalidGroundTruth):
            CLUSTERING.ground_truth(label)


class TestEachOfRivers:
    @pytest.mark.parametrize(
        "model",
        [
            cluster.KMeans(seed=1),
            cluster.STREAMKMeans(chunk_size=5, seed=1),
            cluster.CluStream(max_micro_clusters=5, time_gap=5),
            cluster.DBSTREAM(),
            cluster.DenStream(n_samples_init=5),
            cluster.TextClust(real_time_fading=False),
        ],
        ids=lambda model: type(model).__name__,
    )
    def test_is_served(self, model: object) -> None:
        assert guess(model) is CLUSTERING
        assert trials.run(pickle.dumps(model), CLUSTERING.name, lambda *_: None) == trials.TrialResult()

    def test_of_features_answers_with_its_structure(self) -> None:
        model = cluster.ODAC(n_min=5)

        finding = trials.run(pickle.dumps(model), CLUSTERING.name, lambda *_: None)
        served = CLUSTERING.served_by(finding.predict_method)

        assert served.metrics == ()
        assert served.predictor(model)(point(0)) == []
        model.learn_one(point(0))
        assert served.predictor(model)(point(0)) == [["a", "b"]]

    def test_of_features_has_no_metric_that_could_be_chosen(self) -> None:
        kinds: list[Kind] = [*CLUSTERING.metrics, *MORE]

        of_features = CLUSTERING.served_by("render_ascii")

        assert [kind for kind in kinds if of_features.can_score(kind)] == []
        assert [kind for kind in kinds if CLUSTERING.can_score(kind)] == kinds
