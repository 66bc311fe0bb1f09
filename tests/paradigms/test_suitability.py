import re
from typing import Any

import pytest
from river import (
    anomaly,
    cluster,
    compose,
    drift,
    ensemble,
    linear_model,
    multioutput,
    preprocessing,
    reco,
    stats,
    time_series,
    tree,
)

from models_app.domain.errors import ModelNotSuitable
from models_app.paradigms import suitability
from models_app.paradigms.registry import get_flavor
from tests.refusals import asking


def shown(value: object) -> str:
    """Return what is the same in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def scaled(model: Any) -> Any:
    return preprocessing.StandardScaler() | model


class Own:
    """A model of its own; what a test needs else is put on."""

    def learn_one(self, x: object, y: object) -> None:
        pass

    def predict_one(self, x: object) -> float:
        return 0.0


class Silent:
    """Learns, and predicts nothing."""

    def learn_one(self, x: object, y: object) -> None:
        pass


class Weighted(Own):
    def learn_one(self, x: object, w: float = 1.0) -> None:  # type: ignore[override]
        pass


class NeedsMore(Own):
    def predict_one(self, x: object, item: object) -> float:  # type: ignore[override]
        return 0.0


class NoTruth(Own):
    def learn_one(self, x: object) -> None:  # type: ignore[override]
        pass


class Compiled(Own):
    # It has no signature.
    learn_one = staticmethod(dict.update)  # type: ignore[assignment]


class Locked(Own):
    """Raises where River asks for the last step of a pipeline."""

    @property
    def _last_step(self) -> object:
        raise ZeroDivisionError


class AnyArguments(Own):
    def learn_one(self, *args: object, **kwargs: object) -> None:
        pass


class TestCheck:
    @pytest.mark.parametrize(
        ("flavor", "model", "method"),
        [
            ("regression", linear_model.LinearRegression(), ""),
            ("regression", scaled(linear_model.LinearRegression()), ""),
            ("regression", Own(), ""),
            ("regression", Compiled(), ""),
            ("regression", AnyArguments(), ""),
            ("regression", Locked(), ""),
            ("binary", linear_model.LogisticRegression(), ""),
            ("multiclass", tree.HoeffdingTreeClassifier(), ""),
            # Labels only.
            ("binary", Own(), "predict_one"),
            ("multiclass", Own(), "predict_one"),
            ("multiclass", compose.Pipeline(preprocessing.StandardScaler(), Own()), "predict_one"),
            # It has the method; that it is not implemented shows when it is tried.
            ("binary", ensemble.VotingClassifier([linear_model.LogisticRegression()] * 2), ""),
        ],
        ids=shown,
    )
    def test_returns_how_the_model_predicts(self, flavor: str, model: object, method: str) -> None:
        assert suitability.check(model, get_flavor(flavor)) == method

    @pytest.mark.parametrize(
        ("flavor", "model", "method"),
        [
            ("regression", object(), "learn_one"),
            ("regression", 42, "learn_one"),
            ("binary", {}, "learn_one"),
            ("regression", Silent(), "predict_one"),
            ("multiclass", compose.Pipeline(Silent()), "predict_proba_one"),
        ],
        ids=shown,
    )
    def test_names_the_first_method_that_lacks(self, flavor: str, model: object, method: str) -> None:
        message = refusal(flavor, model)

        assert message.startswith(f"The model does not implement {method}. ")
        assert f"flavor is '{flavor}': upload a " in message
        assert f"learn_one and {get_flavor(flavor).predict_method}" in message

    @pytest.mark.parametrize(
        ("flavor", "model", "reported"),
        [
            ("regression", linear_model.LinearRegression, ["is the class Linear", "LinearRegression(...)"]),
            ("binary", linear_model.LinearRegression(), ["predict_proba_one", "'regression'", "'binary'"]),
            ("binary", scaled(linear_model.LinearRegression()), ["a regressor", "'regression'", "'binary'"]),
            ("multiclass", compose.Pipeline(scaled(linear_model.PARegressor())), ["'multiclass'"]),
            ("regression", linear_model.LogisticRegression(), ["a classifier", "'binary'", "'regression'"]),
            ("regression", preprocessing.StandardScaler(), ["predict_one", "a transformer", "'transform'"]),
            ("regression", stats.Mean(), ["a statistic", "'statistic'"]),
            ("binary", drift.ADWIN(), ["a drift detector", "'drift'"]),
            ("regression", reco.Baseline(), ["a recommender", "upload a regressor"]),
            ("regression", multioutput.RegressorChain(linear_model.LinearRegression()), ["multi-output"]),
            ("regression", tree.ISOUPTreeRegressor(), ["multi-output"]),
            ("binary", multioutput.ClassifierChain(linear_model.LogisticRegression()), ["multi-label"]),
            ("regression", cluster.CluStream(), ["a clusterer", "without a ground truth"]),
            ("multiclass", compose.Pipeline(), ["The pipeline has no steps"]),
            ("regression", cluster.KMeans(), ["a clusterer"]),
            ("regression", scaled(cluster.DBSTREAM()), ["a clusterer"]),
            ("regression", time_series.SNARIMAX(1, 0, 1), ["a forecaster"]),
            ("regression", anomaly.HalfSpaceTrees(), ["predict_one", "an anomaly detector"]),
            ("binary", anomaly.QuantileFilter(anomaly.HalfSpaceTrees(), q=0.9), ["flavor 'anomaly'"]),
            ("regression", Weighted(), ["'w', no ground truth", "learn_one(features, ground_truth)"]),
            ("regression", NeedsMore(), ["NeedsMore.predict_one", "'item'"]),
            ("regression", NoTruth(), ["NoTruth.learn_one", "features and ground truth"]),
            ("binary", NeedsMore(), ["NeedsMore.predict_one", "'item'"]),
        ],
        ids=shown,
    )  # fmt: skip
    def test_says_what_a_model_is_for(self, flavor: str, model: object, reported: list[str]) -> None:
        message = refusal(flavor, model)

        for part in reported:
            assert part in message


def refusal(flavor: str, model: object) -> str:
    with pytest.raises(ModelNotSuitable) as refused:
        suitability.check(model, get_flavor(flavor))
    return asking(str(refused.value.message))
