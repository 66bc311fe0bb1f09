import json
import re
import statistics
from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from river import (
    datasets,
    linear_model,
    multioutput,
    naive_bayes,
    optim,
    preprocessing,
    reco,
    stats,
    time_series,
    tree,
)

from models_app.domain.scoring import GroundTruth
from models_app.domain.windows import SIZE
from models_app.services.finding import Served, find
from monitoring.pages import outcomes
from monitoring.pages.diagnoses.calibration import CALIBRATION
from monitoring.pages.diagnosing import diagnosis
from monitoring.pages.numbers import short
from monitoring.pages.outcomes import last_outcomes
from tests.own_models import Astray, Boastful
from tests.services.instances import Instance, instance

__all__ = ["instance"]

Record = tuple[dict[Any, Any], GroundTruth]


def learn(instance: Instance, name: str, records: Iterable[Record]) -> int:
    """Predict and learn; return how many there were."""
    n = 0
    for n, (x, y_true) in enumerate(records, start=1):
        instance.predict(f"{name}-{n}", name, **{str(key): value for key, value in x.items()})
        instance.learn(f"{name}-{n}", y_true)
    return n


def served(name: str) -> Served:
    return find(name)


def shown(client: Client, name: str) -> str:
    response = client.get(reverse("diagnostics", args=[name]))
    assert response.status_code == 200
    content: str = response.content.decode()
    return content


def drawn(page: str) -> dict[str, list[Any]]:
    """Return what the page's charts are made of."""
    found = re.search(r'<script id="diagnosis-drawn" type="application/json">(.*?)</script>', page)
    assert found is not None
    loaded: dict[str, list[Any]] = json.loads(found[1])
    return loaded


class TestOutcomes:
    def test_are_those_of_the_last_learns_the_newest_last(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outcomes, "SIZE", 5)
        instance.upload("one")
        instance.run("one", 8)
        instance.predict("open", "one")

        found = last_outcomes(served("one"))

        assert [outcome.y_true for outcome in found] == [False, True, False, True, False]
        assert [outcome.at for outcome in found] == sorted(outcome.at for outcome in found)
        assert all(set(outcome.y_pred) == {False, True} for outcome in found)  # type: ignore[arg-type]

    def test_are_not_those_of_an_earlier_upload(self, instance: Instance) -> None:
        instance.upload("one")
        instance.run("one", 3)
        instance.upload("one")
        instance.predict("p", "one")
        instance.learn("p", True)

        assert len(last_outcomes(served("one"))) == 1

    def test_are_fewer_where_features_are_long(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outcomes, "_MAX_CHARACTERS", 500)
        instance.upload("one", naive_bayes.GaussianNB())
        for number in range(6):
            instance.predict(f"p{number}", "one", **{"x" * 200: 1.0})
            instance.learn(f"p{number}", number % 2 == 0)

        assert 1 <= len(last_outcomes(served("one"))) < 6


class TestResiduals:
    def test_are_shown_in_words_as_a_table_and_for_the_charts(
        self, instance: Instance, client: Client
    ) -> None:
        instance.init("regression")
        instance.upload("one", preprocessing.StandardScaler() | linear_model.LinearRegression())
        n = learn(instance, "one", datasets.TrumpApproval().take(150))

        page = shown(client, "one")

        found = drawn(page)
        assert f"Of the last {n} learns: on average the ground truth was" in page
        assert sum(found["n"]) == n
        assert len(found["limits"]) == len(found["n"]) - 1
        assert page.count('<th scope="row">') == len(found["n"])
        bare = bare_residuals(150)
        assert found["residual"] == pytest.approx(bare, rel=1e-4, abs=1e-4)
        assert len(found["time"]) == len(found["prediction"]) == n

    def test_leave_out_what_is_no_number(self, instance: Instance, client: Client) -> None:
        instance.init("regression")
        instance.upload("one", Astray())
        learn(instance, "one", [({"x": 1.0}, 2.0), ({"x": 2.0}, 2.0), ({"x": 3.0}, 2.0)])

        page = shown(client, "one")

        assert drawn(page)["residual"] == [1.0]
        assert "<td" in page
        assert '<th scope="row">all</th>' in page
        assert "2 of the last learns left out" in page


class TestForecasts:
    def test_are_shown_beside_what_was_observed(self, instance: Instance, client: Client) -> None:
        model = time_series.HoltWinters(alpha=0.5)
        instance.upload("one", model, flavor="forecasting")
        series = [float(number % 5) for number in range(40)]
        made = []
        for y in series:
            instance.observe("one", y)
            model.learn_one(y)
            made.append(model.forecast(12) if model.level else [])

        page = shown(client, "one")

        found: Any = drawn(page)
        assert found["value"] == series
        assert found["whole"] == 12
        assert list(found["steps"]) == [str(step) for step in range(1, 13)]
        for step in (1, 12):
            known = [made[number - step][step - 1] for number in range(1 + step, 40)]
            assert found["steps"][str(step)][: 1 + step] == [None] * (1 + step)
            assert found["steps"][str(step)][1 + step :] == pytest.approx(known, rel=1e-5)
        off = statistics.fmean(abs(y - made[number - 1][0]) for number, y in enumerate(series) if number > 1)
        assert f"Of the last 38 observations: forecasts made 1 step before were {short(off)} off" in page
        assert "2 of the last learns left out" in page
        assert page.count('<th scope="row">') == 12

    def test_of_clients_are_no_observations(self, instance: Instance, client: Client) -> None:
        instance.upload("one", time_series.SNARIMAX(p=1, d=0, q=0), flavor="forecasting")
        instance.observe("one", 1.0)
        instance.forecast("one", 2)
        instance.observe("one", 2.0)

        found: Any = drawn(shown(client, "one"))

        assert (found["value"], found["n"]) == ([1.0, 2.0], [0, 1])


class TestOutputs:
    def test_are_shown_by_how_far_they_were_off(self, instance: Instance, client: Client) -> None:
        model = multioutput.RegressorChain(linear_model.LinearRegression(), order=["a", "<b>"])
        instance.upload("one", model, flavor="multioutput")
        x, truth = {"x": 1.0}, {"a": 2.0, "<b>": -9.0}
        learn(instance, "one", [(x, {"a": 1.0, "<b>": 1.0}), (x, truth)])
        model.learn_one(x, {"a": 1.0, "<b>": 1.0})
        off = {output: truth[output] - value for output, value in model.predict_one(x).items()}

        found = shown(client, "one")

        cells = re.findall(r'title="(\S+)">.*?"number">(\S+)</td>.*?>(\S+)</td>.*?>(\S+)</td>', found)
        assert cells == [
            ("&lt;b&gt;", "1", short(abs(off["<b>"])), short(off["<b>"])),
            ("a", "1", short(off["a"]), short(off["a"])),
        ]
        assert "1 of the last learns left out" in found


class TestPlaces:
    def test_are_those_of_the_items_that_were_taken(self, instance: Instance, client: Client) -> None:
        instance.upload("one", reco.Baseline(optim.SGD(0.1)), flavor="recommendation")
        items = [f"item {number}" for number in range(12)]
        for number in range(4):
            ranked = instance.ask(f"p{number}", "one", user="ann", items=items)
        instance.ask("first", "one", user="ann", items=items, k=2)
        for number, taken in enumerate(
            [ranked[0], {"item": ranked[2], "rating": 0.5}, ranked[11], ranked[0]]
        ):
            instance.learn(f"p{number}", taken)
        instance.learn("first", ranked[11])

        found = re.findall(
            r'<th scope="row">(.+?)</th><td class="number">(\d+)</td>.*?>(\S+) %<', shown(client, "one")
        )

        assert [row for row in found if row[1] != "0"] == [
            ("1", "2", "40.0"), ("3", "1", "20.0"), ("farther down", "1", "20.0"),
            ("not in the ranking", "1", "20.0"),
        ]  # fmt: skip

    def test_give_way_to_ratings(self, instance: Instance, client: Client) -> None:
        instance.upload("one", reco.Baseline(optim.SGD(0.1)), flavor="recommendation")
        instance.ask("p", "one", user="ann", item="a")
        instance.learn("p", 1.5)

        found: Any = drawn(shown(client, "one"))

        assert (sum(found["n"]), found["title"]) == (1, "Prediction")


class TestValues:
    def test_are_what_a_statistic_was_updated_with(self, instance: Instance, client: Client) -> None:
        instance.upload("one", stats.Mean(), flavor="statistic")
        for value in (1.0, 2.0, 6.0):
            instance.observe("one", value)

        page = shown(client, "one")

        assert "Of the last 3 learns: the values were 3 on average" in page
        assert sum(drawn(page)["n"]) == 3


class TestCalibration:
    def test_is_that_of_true_in_a_binary_classification(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        n = learn(instance, "one", datasets.Phishing().take(200))

        page = shown(client, "one")

        found = drawn(page)
        assert sum(found["n"]) == n
        assert len(found["n"]) == len(found["claimed"]) == len(found["observed"]) == 10
        truths = sum(y for _, y in datasets.Phishing().take(200))
        came_true = sum(n * share for n, share in zip(found["n"], found["observed"], strict=True) if n)
        assert came_true == pytest.approx(truths)
        assert "the probability of true was off by 0." in page

    def test_is_that_of_the_most_probable_label_otherwise(self, instance: Instance, client: Client) -> None:
        instance.init("multiclass")
        instance.upload("one", tree.HoeffdingTreeClassifier(grace_period=20))
        learn(instance, "one", datasets.ImageSegments().take(120))

        page = shown(client, "one")

        # A tree predicts nothing before its first sample.
        assert sum(drawn(page)["n"]) == 119
        assert "1 of the last learns left out" in page
        assert "the probability of the most probable label was off by" in page

    def test_takes_two_hundred_labels_with_odd_names(self, instance: Instance, client: Client) -> None:
        instance.init("multiclass")
        instance.upload("one", naive_bayes.GaussianNB())
        odd = [f"</script><b>{number}" if number % 2 else f"{number}" for number in range(200)]
        n = learn(instance, "one", [({"x": float(number)}, label) for number, label in enumerate(odd)])

        page = shown(client, "one")

        assert sum(drawn(page)["n"]) == n - 1
        assert "</script><b>" not in page
        assert len(page) < 10_000

    def test_takes_what_metrics_do_not(self, instance: Instance) -> None:
        instance.upload("one", Boastful())
        learn(instance, "one", [({"x": 1.0}, True), ({"x": 2.0}, False)])

        found = diagnosis(served("one"), CALIBRATION)

        assert (found["n"], found["n_left_out"], found["expected_error"]) == (0, 2, None)

    def test_says_where_no_prediction_can_be_used(self, instance: Instance, client: Client) -> None:
        instance.upload("one", Boastful())
        learn(instance, "one", [({"x": 1.0}, True)])

        assert f"Of the last {SIZE:,} learns none had a prediction that could be used." in shown(
            client, "one"
        )


class TestDiagnostics:
    @pytest.mark.parametrize("flavor", ["regression", "binary", "multiclass"])
    def test_say_that_there_are_none_yet(self, instance: Instance, client: Client, flavor: str) -> None:
        instance.init(flavor)
        instance.upload("one", linear_model.LinearRegression() if flavor == "regression" else None)
        if flavor == "regression":
            instance.predict("open", "one", x=1.0)

        page = shown(client, "one")

        assert "Nothing to show yet" in page
        assert not any(drawn(page)["n"])

    def test_are_not_there_without_a_model(self, instance: Instance, client: Client) -> None:
        assert client.get(reverse("diagnostics", args=["nobody"])).status_code == 404

    def test_change_nothing(self, instance: Instance, client: Client) -> None:
        instance.upload("one")

        assert client.post(reverse("diagnostics", args=["one"])).status_code == 405


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.7, "-0.7"), (1234.5678, "1,235"), (100.0, "100"), (0.000123456, "0.0001235"),
     (-1.5e-9, "-1.5e-09"), (123456789.0, "123,456,789"), (1e12, "1e+12"), (20.0, "20"), (9.99996, "10")],
)  # fmt: skip
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text


def bare_residuals(n: int) -> list[float]:
    """Return the outcome of the same loop in River alone."""
    model = preprocessing.StandardScaler() | linear_model.LinearRegression()
    found = []
    for x, y in datasets.TrumpApproval().take(n):
        found.append(y - model.predict_one(x))
        model.learn_one(x, y)
    return found
