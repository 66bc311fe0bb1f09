"""Columns of files for each flavor: a CSV file is learned as what the API takes is."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from river import (
    anomaly,
    bandit,
    cluster,
    covariance,
    feature_extraction,
    linear_model,
    multioutput,
    preprocessing,
    reco,
    stats,
    time_series,
    utils,
)

from models_app.domain import features, learns
from models_app.models import JournalSegment, PendingPrediction
from models_app.services import measuring
from tests.management.test_files import metrics_of_a_new_process, run, write  # noqa: F401  # a fixture
from tests.services.instances import Instance


@dataclass(frozen=True)
class Case:
    """A model, a CSV file with the options that it is read by, and its records as the API takes them."""

    flavor: str
    model: Callable[[], Any]
    csv: str
    options: str
    records: list[dict[str, Any]]


def rolling() -> Any:
    return utils.TimeRolling(stats.Sum, period=timedelta(hours=1))


CASES = {
    "recommendation": Case(
        "recommendation",
        lambda: reco.BiasedMF(seed=1),
        "who,item,stars\nann,1,4.5\nben,1,2\n3,x,3.5\n",
        "--member user=who --member item --target stars",
        [
            {"user": "ann", "item": 1, "ground_truth": 4.5},
            {"user": "ben", "item": 1, "ground_truth": 2},
            {"user": 3, "item": "x", "ground_truth": 3.5},
        ],
    ),
    "recommendation by features": Case(
        "recommendation",
        lambda: reco.Baseline(optimizer=None),
        "user,item,hour,stars\n7,1,12,4.5\n7,2,,1\n",
        "--member user --member item --target stars --string user",
        [
            {"user": "7", "item": 1, "features": {"hour": 12}, "ground_truth": 4.5},
            {"user": "7", "item": 2, "features": {}, "ground_truth": 1},
        ],
    ),
    "supervised anomaly": Case(
        "supervised_anomaly",
        lambda: anomaly.GaussianScorer(grace_period=2),
        "value,hour\n1.5,1\n2,2\n9,3\n1,4\n",
        "--member observed=value",
        [
            {"observed": value, "features": {"hour": hour}}
            for value, hour in ((1.5, 1), (2, 2), (9, 3), (1, 4))
        ],
    ),
    "multioutput": Case(
        "multioutput",
        lambda: multioutput.RegressorChain(linear_model.LinearRegression(), order=["sun", "rain"]),
        "a,sun,rain\n1,2,0.5\n2,4,0\n3,5,1\n",
        "--target sun --target rain",
        [
            {"features": {"a": a}, "ground_truth": {"sun": sun, "rain": rain}}
            for a, sun, rain in ((1, 2, 0.5), (2, 4, 0), (3, 5, 1))
        ],
    ),
    "multilabel": Case(
        "multilabel",
        lambda: multioutput.ClassifierChain(linear_model.LogisticRegression(), order=["sun", "rain"]),
        "a,sun,rain\n1,true,false\n2,false,false\n",
        "--target sun --target rain",
        [
            {"features": {"a": 1}, "ground_truth": {"sun": True, "rain": False}},
            {"features": {"a": 2}, "ground_truth": {"sun": False, "rain": False}},
        ],
    ),
    "bandit": Case(
        "bandit",
        lambda: bandit.EpsilonGreedy(epsilon=0.1, seed=1),
        "arm,p,reward\na,0.5,1\n2,,0\n",
        "--member arm --member propensity=p --target reward",
        [
            {"arm": "a", "propensity": 0.5, "ground_truth": 1},
            {"arm": 2, "ground_truth": 0},
        ],
    ),
    "contextual bandit": Case(
        "bandit",
        lambda: bandit.LinUCBDisjoint(seed=1),
        "arm,age,reward\na,0.5,1\nb,0.25,0\n",
        "--member arm --target reward",
        [
            {"arm": "a", "features": {"age": 0.5}, "ground_truth": 1},
            {"arm": "b", "features": {"age": 0.25}, "ground_truth": 0},
        ],
    ),
    "forecasting": Case(
        "forecasting",
        lambda: time_series.SNARIMAX(p=1, d=0, q=0),
        "sold,warm\n5,1\n6,0.5\n7,2\n",
        "--target sold",
        [{"ground_truth": sold, "features": {"warm": warm}} for sold, warm in ((5, 1), (6, 0.5), (7, 2))],
    ),
    "anomaly": Case(
        "anomaly",
        lambda: preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=1),
        "a,b\n1,2\n2,3\n3,3\n",
        "",
        [{"features": {"a": a, "b": b}} for a, b in ((1, 2), (2, 3), (3, 3))],
    ),
    "anomaly with labels": Case(
        "anomaly",
        lambda: preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=1),
        "a,odd\n1,true\n2,\n3,false\n",
        "--target odd",
        [
            {"features": {"a": 1}, "ground_truth": True},
            {"features": {"a": 2}},
            {"features": {"a": 3}, "ground_truth": False},
        ],
    ),
    "clustering": Case(
        "clustering",
        lambda: cluster.KMeans(n_clusters=2, seed=1),
        "a\n1\n9\n1.5\n",
        "",
        [{"features": {"a": a}} for a in (1, 9, 1.5)],
    ),
    "transform": Case(
        "transform",
        preprocessing.StandardScaler,
        "a\n1\n9\n",
        "",
        [{"features": {"a": a}} for a in (1, 9)],
    ),
    "statistic": Case(
        "statistic",
        stats.Mean,
        "value\n1\n9\n",
        "--target value",
        [{"ground_truth": value} for value in (1, 9)],
    ),
    "statistic by time": Case(
        "statistic",
        rolling,
        "when,value\n2026-01-01T00:00:00,1\n2026-01-01T02:00:00,9\n",
        "--member t=when --target value",
        [
            {"t": "2026-01-01T00:00:00", "ground_truth": 1},
            {"t": "2026-01-01T02:00:00", "ground_truth": 9},
        ],
    ),
    "regression by time": Case(
        "regression",
        lambda: feature_extraction.TargetAgg(by="shop", how=rolling()) | linear_model.LinearRegression(),
        "when,shop,value\n2026-01-01T00:00:00,a,1\n2026-01-01T02:00:00,a,9\n",
        "--member t=when --target value",
        [
            {"t": "2026-01-01T00:00:00", "features": {"shop": "a"}, "ground_truth": 1},
            {"t": "2026-01-01T02:00:00", "features": {"shop": "a"}, "ground_truth": 9},
        ],
    ),
    "clustering by time": Case(
        "clustering",
        cluster.TextClust,
        "second,sea,rain\n0,1,0\n2.5,0,3\n",
        "--member t=second",
        [
            {"t": 0, "features": {"sea": 1, "rain": 0}},
            {"t": 2.5, "features": {"sea": 0, "rain": 3}},
        ],
    ),
    "statistic of features": Case(
        "statistic",
        covariance.EmpiricalCovariance,
        "a,b\n1,2\n3,7\n",
        "",
        [{"features": {"a": 1, "b": 2}}, {"features": {"a": 3, "b": 7}}],
    ),
}


def journal(model: str) -> list[str]:
    """Return what a model was asked with, what it predicted, and what was true, as text: 1 is not 1.0."""
    rows = JournalSegment.objects.filter(model__name=model).order_by("first_seq")
    records = [learn for text in rows.values_list("learns", flat=True) for learn in learns.decode(text)]
    return [
        json.dumps(
            [
                _asked(features.decode(features.as_asked(bytes(learn.features)))),
                json.loads(bytes(learn.prediction)),
                learn.ground_truth,
            ],
            sort_keys=True,
        )
        for learn in records
    ]


def _asked(x: Any) -> Any:
    # No features, or none that are there.
    return {name: value for name, value in x.items() if value != {}}


def lines(records: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("form", ["csv", "flat"])
def test_a_file_of_columns_is_learned_as_what_the_api_takes(
    instance: Instance, tmp_path: Path, case: Case, form: str
) -> None:
    for name in ("by columns", "by members"):
        instance.upload(name, case.model(), flavor=case.flavor)
    file = write(tmp_path, "history.csv", case.csv)
    if form == "flat":
        header, *rows = (line.split(",") for line in case.csv.splitlines())
        strings = {option.rpartition(" ")[2] for option in case.options.split("--") if "string" in option}
        file = write(tmp_path, "flat.ndjson", lines([_flat(header, row, strings) for row in rows]))

    run(
        "learn", file, "--model", "by columns", *case.options.split(), *(["--flat"] if form == "flat" else [])
    )
    run("learn", write(tmp_path, "history.ndjson", lines(case.records)), "--model", "by members")

    learned = journal("by columns")
    assert len(learned) == len(case.records)
    assert learned == journal("by members")
    assert measuring.model_metrics(name="by columns") == measuring.model_metrics(name="by members")


def _flat(header: list[str], row: list[str], strings: set[str]) -> dict[str, Any]:
    return {
        name: cell if name in strings else _value(cell)
        for name, cell in zip(header, row, strict=True)
        if cell
    }


def _value(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError:
        return cell


class TestPredict:
    def test_ranks_the_items_of_a_column(self, instance: Instance, tmp_path: Path) -> None:
        instance.upload("m", reco.BiasedMF(seed=1), flavor="recommendation")
        file = write(tmp_path, "new.csv", 'user;items;k\nann;"[""x"", 2, 3]";2\n')
        same = write(tmp_path, "new.ndjson", lines([{"user": "ann", "items": ["x", 2, 3], "k": 2}]))

        ranked = run("predict", file, "--model=m", "--member=user", "--member=items", "--member=k")

        assert ranked == run("predict", same, "--model=m")
        assert len(json.loads(ranked)["prediction"]) == 2

    def test_forecasts_as_far_as_a_column_says(self, instance: Instance, tmp_path: Path) -> None:
        instance.upload("m", time_series.SNARIMAX(p=1, d=0, q=0), flavor="forecasting")
        file = write(tmp_path, "new.csv", "steps\n3\n1\n")

        said = run("predict", file, "--model=m", "--member=horizon=steps").splitlines()

        assert [len(json.loads(line)["prediction"]) for line in said] == [3, 1]

    def test_keeps_the_moment_of_a_column_with_an_id(self, instance: Instance, tmp_path: Path) -> None:
        instance.upload("m", cluster.TextClust(), flavor="clustering")
        file = write(tmp_path, "new.csv", "name,second,sea\na,0,1\nb,2.5,2\n")

        run("predict", file, "--model=m", "--member=t=second", "--id=name")

        kept = PendingPrediction.objects.order_by("pk").values_list("pk", "features")
        assert list(kept) == [("a", '[{"sea":1},0]'), ("b", '[{"sea":2},2.5]')]
        with pytest.raises(CommandError, match="t: required field with an id"):
            run("predict", file, "--model=m", "--ignore=second", "--id=name")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--member nobody", "there is no member 'nobody': it is one of arm, "),
        ("--member user --member user=item", "The member 'user' is asked for twice."),
        ("--member user=a --member item=a", "The column 'a' is asked for twice."),
        ("--target a --member user=a", "The column 'a' is asked for twice."),
        ("--target a --target a", "The column 'a' is asked for twice."),
        ("--member user --target stars --ignore stars", "The column 'stars' is asked for twice."),
        ("--member user --member item=film --target stars", "There is no column 'film'"),
        ("--member user --target stars", "item: required field"),
        ("--member user --member item --member arm=stars", "--target COLUMN is needed"),
        ("--member user --member item=a --member arm=item --target stars", "not taken by the flavor"),
        ("--member user --member items=item --target stars", 'item: must be a list in JSON, as ["a", "b"]'),
        ("--member user --member item --target stars --target a", "ground_truth: "),
    ],
)
def test_columns_that_cannot_be_used_are_refused_by_name(
    instance: Instance, tmp_path: Path, options: str, reason: str
) -> None:
    instance.upload("m", reco.BiasedMF(seed=1), flavor="recommendation")
    file = write(tmp_path, "history.csv", "user,item,stars,a\nann,1,4.5,2\n")

    with pytest.raises(CommandError) as refused:
        run("learn", file, "--model", "m", *options.split())

    assert reason in str(refused.value)
    assert not JournalSegment.objects.exists()
