import asyncio
import html
import json
import re
import shlex
import time
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from river import (
    bandit,
    compose,
    drift,
    feature_extraction,
    linear_model,
    naive_bayes,
    optim,
    preprocessing,
    reco,
    stats,
)

from models_app.domain.errors import InvalidGroundTruth
from models_app.models import AuditEntry, Configuration, ServedModel
from models_app.services import measuring, predicting
from models_app.services.finding import find
from models_app.wire.commands import predict_command
from monitoring.clocks import Clock
from monitoring.drift.planning import set_plan
from monitoring.drift.watches import DEFAULT_PLAN, Plan
from monitoring.history.sampling import Sampler
from monitoring.models import DriftAlert
from monitoring.pages import features
from monitoring.pages.features import drifting_features
from monitoring.pages.rows import overview_rows
from tests.own_models import Plain, Shy
from tests.services.instances import Instance, instance

__all__ = ["instance"]

ODD = "<script>alert(1)<b>"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    content: str = response.content.decode()
    return content


def of_model(name: str) -> str:
    return reverse("model-page", args=[name])


def sample(clock: list[float]) -> None:
    """Write a sample of every model that has learned, twenty seconds after the last."""
    clock[0] += 20
    sampler = Sampler(ask=measuring.ask_if_hot, clock=Clock(lambda: clock[0], lambda: clock[0]))
    sampler.tick()
    while len(sampler._answers) < len(sampler._asked):
        pass
    sampler.tick()


class TestOverview:
    def test_has_a_row_for_each_model(self, instance: Instance) -> None:
        clock = [time.time() - 65]
        instance.upload("one")
        instance.upload("two")
        for _ in range(3):
            instance.run("one", 5)
            sample(clock)

        one, two = overview_rows()

        assert (one.name, one.n_learns, one.n_predictions, one.is_default) == ("one", 15, 15, False)
        assert one.metric == measuring.model_metrics(name="one")["Accuracy"]
        assert one.rolling == pytest.approx(one.metric)
        assert len(one.spark.split()) == 3
        assert 15 / 60 <= one.per_second <= 15
        assert two.per_second == 0
        assert one.p50_ms is not None
        assert one.p99_ms is not None
        assert 0 < one.p50_ms <= one.p99_ms
        assert (two.name, two.metric, two.last_drift_at) == ("two", None, None)
        assert one.verdict.status == two.verdict.status == "learning"
        assert one.verdict.reasons == ("15 learns, fewer than the 1,000 that say how it does",)

    def test_is_filtered_and_ordered_by_its_address(self, instance: Instance, client: Client) -> None:
        for name in ("one", "two", "three"):
            instance.upload(name)
        instance.run("two", 3)
        instance.run("three", 5)
        model = ServedModel.objects.get(name="one")
        DriftAlert.objects.create(
            model=model, generation=1, seq=0, time=timezone.now(), kind="drift", source="error",
            detector="ADWIN", value=1.0,
        )  # fmt: skip

        def names(address: str) -> list[str]:
            return re.findall(r'<tr data-key="(\w+)"', page(client, address))

        assert names("/?order=-n_learns") == ["three", "two", "one"]
        assert names("/?order=n_learns&q=T") == ["two", "three"]
        assert names("/?status=drifting") == ["one"]
        assert names("/?order=-n_alerts")[0] == "one"
        assert names("/?flavor=regression") == []
        # What nobody can read is not chosen.
        assert names("/?order=x&page=x") == ["one", "three", "two"]
        assert "1 drifting</a>" in page(client, "/")

    def test_asks_the_database_as_often_for_ten_models_as_for_one(
        self, instance: Instance, django_assert_num_queries: Any
    ) -> None:
        instance.upload("m0")
        with CaptureQueriesContext(connection) as asked:
            overview_rows()
        for number in range(1, 10):
            instance.upload(f"m{number}")
        with django_assert_num_queries(len(asked)):
            overview_rows()

    def test_shows_each_model_by_the_headline_of_its_flavor(self, instance: Instance, client: Client) -> None:
        clock = [time.time() - 65]
        instance.upload("fraud")
        instance.upload("house", linear_model.LinearRegression(), flavor="regression")
        for number in range(3):
            instance.run("fraud", 2)
            instance.predict("p", "house", x=1.0)
            instance.learn("p", float(number))
            sample(clock)

        fraud, house = overview_rows()
        shown = page(client, "/")

        assert (fraud.headline, house.headline) == ("Accuracy", "MAE")
        assert fraud.metric == measuring.model_metrics(name="fraud")["Accuracy"]
        assert house.metric == measuring.model_metrics(name="house")["MAE"]
        assert (len(fraud.spark.split()), len(house.spark.split())) == (3, 3)
        assert re.findall(r'data-flavor="(\w+)"', shown) == ["binary", "regression"]
        assert set(re.findall(r'data-metric="(\w+)"', shown)) == {
            *measuring.instance_metrics(), *measuring.instance_metrics("regression")
        }  # fmt: skip
        assert '<td class="phone">MAE</td>' in shown
        assert "<code>regression</code></p>" in shown

    def test_names_a_metric_once_where_all_models_have_it(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        instance.upload("two", flavor="multiclass")

        shown = page(client, "/")

        assert ">Accuracy, recent</a></th>" in shown
        assert '<td class="phone">Accuracy</td>' not in shown

    def test_shows_what_has_a_value_where_the_headline_has_none(
        self, instance: Instance, client: Client
    ) -> None:
        clock = [time.time() - 85]
        instance.upload("films", reco.Baseline(optim.SGD(0.1)), flavor="recommendation")
        instance.upload("rated", reco.Baseline(optim.SGD(0.1)), flavor="recommendation")
        # A sample in which no metric has a value.
        instance.ask("p", "films", user="ann", items=["a", "b"])
        sample(clock)
        for number in range(3):
            instance.ask("p", "films", user="ann", items=["a", "b", "c"])
            instance.learn("p", "abc"[number])
            instance.ask("p", "rated", user="ann", item="a")
            instance.learn("p", 1.5)
            sample(clock)

        films, rated = overview_rows()

        assert (films.headline, rated.headline) == ("MRR", "MAE")
        assert films.metric == measuring.model_metrics(name="films")["MRR"]
        assert (len(films.spark.split()), len(rated.spark.split())) == (3, 3)
        assert '<td class="phone">MRR</td>' in page(client, "/")
        assert 'data-headline="MRR"' in page(client, of_model("films"))

    def test_shows_counts_as_whole_numbers(self, instance: Instance, client: Client) -> None:
        instance.upload("offers", bandit.UCB(delta=1.0), flavor="bandit")
        for number in range(3):
            instance.ask("p", "offers", arms=["a", "b"])
            instance.learn("p", 0.5 * number)

        shown = page(client, "/")

        values = re.findall(r'<p class="value">(.+)</p>', shown)[-6:]
        assert values == ["0.5000", "1.5000", "3", "\u2013", "0.6667", "0.3333"]
        assert '<td class="number strong">3</td>' in page(client, of_model("offers"))

    def test_leads_on_where_the_models_bring_their_flavors(self, instance: Instance, client: Client) -> None:
        Configuration.objects.all().delete()
        assert "First, set a flavor" in page(client, "/")
        instance.upload("house", linear_model.LinearRegression(), flavor="regression")

        shown = html.unescape(page(client, "/"))

        assert "First, set a flavor" not in shown
        assert "Next, predict and learn" in shown
        assert '"ground_truth": 2.5' in shown
        assert 'data-flavor="regression"' in shown


class TestModelPage:
    def test_shows_how_the_model_does(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        instance.run("one", 20)
        instance.predict("open", "one", x=1.0)

        shown = page(client, of_model("one"))

        accuracy = measuring.model_metrics(name="one")["Accuracy"]
        assert f"{accuracy:.4f}" in shown
        assert '<h2 id="confusions-title">' in shown
        assert "committing a batch" in shown
        assert "No detector has found any." in shown
        assert '<th scope="row">20 by id</th>' in shown
        assert "It has refused nothing since the server started." in shown
        assert "<dt>Last snapshot</dt>" in shown
        assert "not known" not in shown
        assert "{&#x27;x&#x27;: 5.0, &#x27;z&#x27;: 1.0}" in shown
        assert "curl http://testserver/api/predict" in shown

    @pytest.mark.parametrize(
        ("flavor", "charts"),
        [
            ("regression", ["chart-residuals", "chart-scatter"]),
            ("binary", ["chart-reliability"]),
            ("multiclass", ["chart-reliability"]),
        ],
    )
    def test_has_the_charts_of_its_flavor(
        self, instance: Instance, client: Client, flavor: str, charts: list[str]
    ) -> None:
        instance.init(flavor)
        instance.upload("one", linear_model.LinearRegression() if flavor == "regression" else None)

        shown = page(client, of_model("one"))

        assert re.findall(r'id="(chart-(?:residuals|scatter|reliability))" role="img"', shown) == charts
        assert f'data-url="{reverse("diagnostics", args=["one"])}"' in shown

    @pytest.mark.parametrize(
        ("flavor", "model", "sections"),
        [
            ("transform", preprocessing.StandardScaler(), []),
            ("statistic", stats.Mean(), ["diagnosis"]),
            ("drift", drift.ADWIN(), ["chart", "diagnosis"]),
        ],
    )
    def test_has_no_charts_of_what_there_is_not(
        self, instance: Instance, client: Client, flavor: str, model: object, sections: list[str]
    ) -> None:
        instance.upload("one", model, flavor=flavor)

        shown = page(client, of_model("one"))

        assert re.findall(r'<section aria-labelledby="(chart|diagnosis)-title">', shown) == sections
        assert ("Models of this flavor are not scored." in shown) is ("chart" not in sections)
        assert "metrics=none" not in shown
        assert ("neither scored nor drawn" in page(client, reverse("diagnostics", args=["one"]))) is (
            "diagnosis" not in sections
        )

    def test_shows_code_with_what_the_model_has_learned_last(
        self, instance: Instance, client: Client
    ) -> None:
        instance.init("multiclass")
        instance.upload("one", naive_bayes.GaussianNB())
        instance.predict("p", "one", height=1.5)
        instance.learn("p", "it's a cat")

        shown = html.unescape(page(client, of_model("one")))

        assert "json={'model': 'one', 'id': 1, 'features': {'height': 1.5}}" in shown
        assert """json={'id': 1, 'ground_truth': "it's a cat"}""" in shown
        assert 'await post("learn", {"id": 1, "ground_truth": "it\'s a cat"});' in shown

    def test_shows_code_with_the_beginning_of_a_long_text(self, instance: Instance, client: Client) -> None:
        instance.upload("one", feature_extraction.BagOfWords() | naive_bayes.BernoulliNB())
        text = msgspec.json.encode("spam " * 5_000)
        asyncio.run(
            predicting.answer(predict_command(features_json=text, prediction_id="p", model="one", now=1.0))
        )
        instance.learn("p", True)

        shown = page(client, of_model("one"))

        assert 1_000 < shown.count("spam") < 5_000

    def test_leaves_out_features_that_are_too_many(self, instance: Instance, client: Client) -> None:
        instance.upload("one", naive_bayes.GaussianNB())
        instance.predict("p", "one", **{f"feature{number}": 1.0 for number in range(500)})
        instance.learn("p", True)

        shown = page(client, of_model("one"))

        assert "feature499" not in shown
        assert "{&#x27;x&#x27;: 1.5}" in shown

    def test_shows_a_model_that_nobody_has_asked_yet(self, instance: Instance, client: Client) -> None:
        instance.upload("one")

        shown = page(client, of_model("one"))

        assert "It has not been asked since the server started." in shown
        assert "None of the last learns was by the id of a prediction." in shown
        assert "{&#x27;x&#x27;: 1.5}" in shown

    def test_says_what_was_refused(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        instance.predict("p", "one", x=1.0)
        with pytest.raises(InvalidGroundTruth):
            instance.learn("p", "neither true nor false")

        shown = page(client, of_model("one"))

        assert '<code>invalid_ground_truth</code></th><td class="number">1</td>' in shown

    @pytest.mark.parametrize("flavor", ["regression", "multiclass"])
    def test_is_there_for_every_flavor(self, instance: Instance, client: Client, flavor: str) -> None:
        instance.init(flavor)
        model = linear_model.LinearRegression() if flavor == "regression" else None
        instance.upload("one", model)
        if flavor == "regression":
            instance.predict("p", "one", x=1.0)
            instance.learn("p", 2.5)

        assert ("Confusions" in page(client, of_model("one"))) is False

    def test_does_not_take_names_features_or_labels_for_markup(
        self, instance: Instance, client: Client
    ) -> None:
        instance.init("multiclass")
        instance.upload(ODD, naive_bayes.GaussianNB())
        instance.predict("p", ODD, **{ODD: 1.0})
        instance.learn("p", ODD)
        instance.predict("p", ODD, **{ODD: 1.0})
        instance.learn("p", ODD)

        for url in (of_model(ODD), "/", reverse("compare")):
            shown = page(client, url)
            assert "<script>alert" not in shown
            assert "&lt;script&gt;alert" in shown

    def test_is_not_there_without_a_model(self, instance: Instance, client: Client) -> None:
        assert client.get(of_model("nobody")).status_code == 404
        assert client.get(reverse("pipeline", args=["nobody"])).status_code == 404

    @pytest.mark.parametrize("view", ["model-page", "pipeline", "diagnostics"])
    def test_names_the_nearest_where_there_is_no_such_model(
        self, instance: Instance, client: Client, view: str
    ) -> None:
        instance.upload("house")

        shown = html.unescape(client.get(reverse(view, args=["hause"])).content.decode())

        assert "No model named 'hause'. Is it 'house'?" in shown


class TestFeatures:
    def test_ranks_those_that_drift_by_how_often_and_how_lately(self, instance: Instance) -> None:
        instance.upload("one")
        instance.upload("two")
        for seq, (name, source, kind) in enumerate([
            ("one", "feature a", "drift"),
            ("one", "feature b", "drift"),
            ("one", "feature c", "drift"),
            ("one", "feature a", "drift"),
            ("one", "feature d", "warning"),
            ("one", "error", "drift"),
            ("two", "feature e", "drift"),
        ]):  # fmt: skip
            alert(name, source, kind=kind, seq=seq)

        found = drifting_features(find("one")).drifting

        assert [(feature.name, feature.n, feature.value) for feature in found] == [
            ("a", 2, 3.0), ("c", 1, 2.0), ("b", 1, 1.0)
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("plan", "command"),
        [
            (DEFAULT_PLAN, "--features"),
            (None, "--features"),
            (Plan(watches_prediction=True), "--prediction --features"),
            (
                Plan(detector="KSWIN", parameters={"alpha": 0.01}),
                "--detector KSWIN --parameter alpha=0.01 --features",
            ),
            (Plan(detector="DDM", parameters={"warm_start": 20}), "--features"),
        ],
    )
    def test_says_how_to_have_them_watched(
        self, instance: Instance, client: Client, plan: Plan | None, command: str
    ) -> None:
        name = "the house's"
        instance.upload(name)
        set_plan(name=name, plan=plan)

        shown = html.unescape(page(client, of_model(name)))

        reported = re.search(r"<code>python manage.py (watch_drift .*?)</code>", shown)
        assert reported is not None
        assert reported[1].endswith(f" {command}")
        # It does what it says.
        call_command(*shlex.split(reported[1]))
        assert "No numeric feature has drifted; they are watched." in page(client, of_model(name))

    def test_ranks_by_the_newest_alerts(self, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(features, "LOOKED_AT", 3)
        instance.upload("one")
        for seq, source in enumerate(["feature a", "feature a", "feature b", "feature b", "error"]):
            alert("one", source, kind="drift", seq=seq)

        found = drifting_features(find("one")).drifting

        assert [(feature.name, feature.n) for feature in found] == [("b", 2)]

    def test_shows_names_as_text(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        alert("one", f"feature {ODD}", kind="drift", seq=1)

        shown = page(client, of_model("one"))

        assert ODD not in shown
        assert "Features are watched no more." in shown


class TestUploadOfModelPage:
    def test_shows_the_specification_and_offers_it(self, instance: Instance, client: Client) -> None:
        instance.upload("one", preprocessing.StandardScaler() | linear_model.LogisticRegression(l2=0.5))
        n_entries = AuditEntry.objects.count()
        spec = {
            "pipeline": [
                {"class": "preprocessing.StandardScaler"},
                {"class": "linear_model.LogisticRegression", "params": {"l2": 0.5}},
            ]
        }

        shown = page(client, of_model("one"))

        (written,) = re.findall(r'aria-label="Specification"><code>(.*?)</code>', shown, re.DOTALL)
        assert json.loads(html.unescape(written)) == spec
        ((offered, name),) = re.findall(
            r'href="data:application/json;charset=utf-8,(.*?)" download="(.*?)"', shown
        )
        assert json.loads(unquote(offered)) == spec
        assert name == "one.json"
        assert "What is built from it is the upload, to the last bit" in shown
        # To look at it is no download.
        assert AuditEntry.objects.count() == n_entries

    def test_shows_the_specification_as_text(self, instance: Instance, client: Client) -> None:
        instance.upload(ODD, compose.Select(f'"{ODD}') | linear_model.LogisticRegression())

        shown = page(client, of_model(ODD))

        assert ODD not in shown
        (offered,) = re.findall(r'href="data:application/json;charset=utf-8,([^"]*)"', shown)
        assert f'\\"{ODD}' in unquote(offered)

    def test_says_why_there_is_no_specification(self, instance: Instance, client: Client) -> None:
        instance.upload("one", Plain())

        assert "It has no specification: the model: Plain is neither a class" in page(client, of_model("one"))

    def test_says_what_the_specification_does_not(self, instance: Instance, client: Client) -> None:
        model = linear_model.LogisticRegression()
        model.learn_one({"x": 1.0}, True)
        instance.upload("one", model)

        assert "It has the parameters of the upload, which had learned" in page(client, of_model("one"))

    def test_shows_who_has_signed_it(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        digest = ServedModel.objects.get().sha256
        assert "igned" not in page(client, of_model("one"))
        ServedModel.objects.update(signed_by="<ci>")

        shown = page(client, of_model("one"))

        assert "<dt>Signed by</dt><dd><code>&lt;ci&gt;</code></dd>" in shown
        assert (
            f"SHA-256 of the upload, which <code>&lt;ci&gt;</code> has signed: <code>{digest}</code>" in shown
        )


class TestPipeline:
    def test_draws_the_model_where_nothing_can_run(self, instance: Instance, client: Client) -> None:
        instance.upload("one")

        response = client.get(reverse("pipeline", args=["one"]))

        assert "StandardScaler" in response.content.decode()
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "script-src" not in policy
        assert response["X-Frame-Options"] == "SAMEORIGIN"

    def test_shows_an_object_that_cannot_draw_itself(self, instance: Instance, client: Client) -> None:
        instance.upload("one", Plain())

        assert "<pre>&lt;Plain&gt;</pre>" in client.get(reverse("pipeline", args=["one"])).content.decode()

    def test_says_where_drawing_fails(self, instance: Instance, client: Client) -> None:
        instance.upload("one", Shy())

        assert "not today" in client.get(reverse("pipeline", args=["one"])).content.decode()


class TestCompare:
    def test_offers_all_models_and_takes_those_that_there_are(
        self, instance: Instance, client: Client
    ) -> None:
        instance.upload("one")
        instance.upload("two")

        shown = page(client, reverse("compare") + "?model=two&model=nobody&model=two")

        assert shown.count('type="checkbox"') == 2
        assert shown.count(" checked") == 1
        assert "<li>two</li>" in shown
        assert "nobody" not in shown

    def test_reports_the_metrics_in_a_table(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        instance.upload("two")
        instance.run("one", 5)
        sample([time.time()])

        shown = page(client, reverse("compare") + "?model=one&model=two")

        loss = measuring.model_metrics(name="one")["LogLoss"]
        cells = f'<span class="strong">{loss:.4f}</span> <span class="none">{loss:.4f}</span></td>'
        assert cells + '<td class="number"><span class="strong">\u2013</span>' in shown
        assert "Choose another one" not in shown
        assert "Choose another one" in page(client, reverse("compare") + "?model=two")

    def test_shows_models_of_several_flavors_side_by_side(self, instance: Instance, client: Client) -> None:
        instance.upload("fraud")
        instance.upload("house", linear_model.LinearRegression(), flavor="regression")
        instance.predict("p", "house", x=1.0)
        instance.learn("p", 2.0)
        sample([time.time()])

        shown = page(client, reverse("compare") + "?model=house&model=fraud")

        assert 'data-headline="MAE"' in shown
        assert '<td class="number">regression</td><td class="number">binary</td>' in shown
        assert '<th scope="row">MAE</th><td class="number"><span class="strong">2</span>' in shown

    def test_says_where_there_is_nothing_to_compare(self, instance: Instance, client: Client) -> None:
        assert "no model has been uploaded" in page(client, reverse("compare"))


def alert(model: str, source: str, *, kind: str, seq: int) -> None:
    DriftAlert.objects.create(
        model=ServedModel.objects.get(name=model), generation=1, seq=seq, time=timezone.now(), kind=kind,
        source=source, detector="ADWIN", value=float(seq),
    )  # fmt: skip
