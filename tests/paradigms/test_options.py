"""What models say of their predictions, held to River and to the predictions themselves."""

import copy
from typing import Any

import pytest
from river import conf, datasets, linear_model, naive_bayes, preprocessing, tree

from models_app.domain.errors import InvalidRequest
from models_app.paradigms import options
from models_app.paradigms.registry import get_flavor

POLLS, SITES = list(datasets.TrumpApproval().take(900)), list(datasets.Phishing().take(1000))
X, SITE = POLLS[7][0], SITES[7][0]


def scaled(model: Any) -> Any:
    return preprocessing.StandardScaler() | model


def taught(model: Any, records: list[tuple[dict[str, Any], Any]]) -> Any:
    for x, y in records:
        model.learn_one(x, y)
    return model


def details(model: Any, flavor: str, x: dict[str, Any], *asked: str) -> dict[str, Any]:
    return options.details(model, get_flavor(flavor), asked, lambda: dict(x))


def total(explanation: dict[str, Any]) -> float:
    return float(explanation["base"] + sum(explanation["contributions"].values()))


@pytest.mark.parametrize(
    "model",
    [
        conf.RegressionJackknife(scaled(linear_model.LinearRegression()), confidence_level=0.9),
        scaled(conf.RegressionJackknife(linear_model.LinearRegression(), confidence_level=0.9)),
    ],
    ids=["around a pipeline", "in one"],
)
def test_an_interval_is_the_models(model: Any) -> None:
    model = taught(copy.deepcopy(model), POLLS)
    expected = model.predict_one(X, with_interval=True)

    found = details(model, "regression", X, "interval")

    assert found == {"interval": {"lower": expected.lower, "upper": expected.upper, "level": 0.9}}


def test_a_distribution_is_the_models() -> None:
    model = taught(scaled(linear_model.BayesianLinearRegression()), POLLS)
    expected = model.predict_one(X, with_dist=True)

    found = details(model, "regression", X, "distribution")

    assert found == {"distribution": {"name": "Gaussian", "mean": expected.mu, "sd": expected.sigma}}
    assert found["distribution"]["mean"] == model.predict_one(X)


@pytest.mark.parametrize(
    "model",
    [
        linear_model.LinearRegression(intercept_lr=0.1),
        conf.RegressionJackknife(linear_model.LinearRegression()),
        tree.HoeffdingTreeRegressor(grace_period=50, leaf_prediction="mean"),
    ],
)
def test_contributions_add_up_to_a_regressions_prediction(model: Any) -> None:
    model = taught(scaled(model), POLLS)

    found = details(model, "regression", X, "explanation")["explanation"]

    assert set(found["contributions"]) <= set(X)
    assert found["contributions"]
    assert total(found) == pytest.approx(model.predict_one(X))
    assert found["text"] == model.debug_one(X)


def test_contributions_add_up_to_the_log_odds() -> None:
    model = taught(scaled(linear_model.LogisticRegression()), SITES)

    found = details(model, "binary", SITE, "explanation")["explanation"]

    last = model[-1]
    assert last.loss.mean_func(total(found)) == pytest.approx(model.predict_proba_one(SITE)[True])


def test_contributions_of_a_tree_add_up_to_the_share_of_the_most_probable_label() -> None:
    model = taught(tree.HoeffdingTreeClassifier(grace_period=50, leaf_prediction="mc"), SITES)
    shares = model.predict_proba_one(SITE)

    found = details(model, "binary", SITE, "explanation")["explanation"]

    assert found["contributions"]
    assert shares[found["label"]] == max(shares.values())
    assert total(found) == pytest.approx(max(shares.values()))


def test_a_pipeline_of_anything_has_its_own_words() -> None:
    model = taught(scaled(naive_bayes.GaussianNB()), SITES)

    assert list(details(model, "binary", SITE, "explanation")["explanation"]) == ["text"]


@pytest.mark.parametrize(
    ("model", "option"),
    [
        (linear_model.LinearRegression(), "interval"),
        (conf.RegressionJackknife(linear_model.LinearRegression()), "distribution"),
        (naive_bayes.GaussianNB(), "explanation"),
        # It has learned nothing.
        (tree.HoeffdingTreeRegressor(), "explanation"),
    ],
)
def test_what_a_model_does_not_know_is_refused(model: Any, option: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        details(model, "regression", X, option)

    assert type(model).__name__ in str(refused.value.message["options"])  # type: ignore[index]


@pytest.mark.parametrize(("flavor", "option"), [("binary", "interval"), ("recommendation", "explanation")])
def test_what_a_flavor_does_not_have_is_refused(flavor: str, option: str) -> None:
    with pytest.raises(InvalidRequest):
        options.check(get_flavor(flavor), [option])
