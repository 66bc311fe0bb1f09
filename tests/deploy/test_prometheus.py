"""Every query for Prometheus, tried on one that scrapes a real server; and what it sees of a restart."""

import math
import pickle
import re
import subprocess
import time
from itertools import pairwise
from typing import Any

import pytest
import yaml
from river import bandit

from tests.deploy.grafana import DASHBOARDS, DEPLOY, Query, promql, provisioned, queries, variables
from tests.deploy.programs import program
from tests.deploy.prometheus import INSTANCE, Prometheus
from tests.deploy.running import MODEL, N_PREDICT_CALLS, ODD_MODEL, prepare, work
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

# Of the same package as Prometheus.
PROMTOOL = program("promtool")
FOLDER = DEPLOY / "prometheus"
ALL = {"instance": [".*"], "model": [".*"], "metric": [".*"]}
RULES = yaml.safe_load((FOLDER / "chantilly.rules.yml").read_text())["groups"][0]["rules"]
#: What shows nothing, and why that is right.
EMPTY = {"annotation Restarts": "the server was not restarted"}
WINDOW = "5m"
#: A model of another flavor than the instance's.
OF_ANOTHER_FLAVOR = "offers"
#: Calls of predict after the restart.
N_AFTER = 3


@pytest.fixture(scope="module")
def prometheus(server: Server, prometheus_at_hand: Prometheus) -> Prometheus:
    """A Prometheus that has seen the server work."""
    with server.client() as client:
        prepare(client)
        prometheus = prometheus_at_hand.start(server.port)
        wait_until(lambda: len(prometheus.now("chantilly_answer_seconds_count")) == 2)
        work(client)
        offers = pickle.dumps(bandit.EpsilonGreedy(epsilon=0.2, seed=1))
        assert client.request("POST", f"/api/model/{OF_ANOTHER_FLAVOR}?flavor=bandit", offers).status == 201
        assert client.learn(model=OF_ANOTHER_FLAVOR, arm="tea", ground_truth=1).status == 201
    wait_until(lambda: prometheus.now('chantilly_metric{metric="Share[tea]"}') != [])
    wait_until(lambda: prometheus.now('chantilly_drift_alerts_total{kind="drift"} > 0') != [])
    wait_until(lambda: prometheus.now("chantilly_refusals_total offset 1s") != [])
    return prometheus


def asked(values: dict[str, list[str]]) -> list[Query]:
    """Return the queries of the dashboard's panels and annotations, filled in."""
    listed = DASHBOARDS["live"]["annotations"]["list"]
    found = [*queries("live"), *(Query(f"annotation {a['name']}", a) for a in listed if "expr" in a)]
    return [
        Query(query.place, {**query.fields, "expr": promql(query.fields["expr"], values, window=WINDOW)})
        for query in found
    ]


def answer(prometheus: Prometheus, query: Query) -> list[float]:
    """Return all finite values that a query gives, asked as Grafana asks it."""
    expression = query.fields["expr"]
    if query.fields.get("instant"):
        pairs = [series["value"] for series in prometheus.now(expression)]
    else:
        now = time.time()
        found = prometheus.get("query_range", query=expression, start=now - 30, end=now, step=1)
        pairs = [pair for series in found["result"] for pair in series["values"]]
    return [value for value in (float(text) for _, text in pairs) if math.isfinite(value)]


class TestDashboard:
    @pytest.mark.parametrize("query", asked(ALL), ids=lambda query: str(query.place))
    def test_has_something_to_show(self, prometheus: Prometheus, query: Query) -> None:
        assert bool(answer(prometheus, query)) == (query.place not in EMPTY), query.fields["expr"]

    @pytest.mark.parametrize(
        "query",
        asked({"instance": [INSTANCE], "model": [ODD_MODEL, "a|b"], "metric": ["Accuracy"]}),
        ids=lambda query: str(query.place),
    )
    def test_shows_what_was_chosen_whatever_its_name(self, prometheus: Prometheus, query: Query) -> None:
        is_quiet = query.place in EMPTY or query.place == "annotation Drift"
        assert bool(answer(prometheus, query)) != is_quiet, query.fields["expr"]

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("instance", {INSTANCE}),
            ("model", {MODEL, ODD_MODEL, OF_ANOTHER_FLAVOR}),
            # Of both flavors; without a value there is none.
            (
                "metric",
                {"Accuracy", "LogLoss", "Precision", "Recall", "F1"}
                | {"MeanReward", "CumulativeReward", "RewardedPulls", "Share[tea]"},
            ),
        ],
    )
    def test_offers_what_there_is(self, prometheus: Prometheus, name: str, expected: set[str]) -> None:
        query = promql(variables("live")[name]["query"], ALL, window=WINDOW)
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
        assert found is not None

        values = prometheus.get(f"label/{found[2]}/values", **{"match[]": found[1]})

        assert set(values) == expected


class TestAlerts:
    @pytest.mark.parametrize(
        "alert", provisioned("alerting")["groups"][0]["rules"], ids=lambda a: str(a["uid"])
    )
    def test_ask_what_prometheus_understands(self, prometheus: Prometheus, alert: dict[str, Any]) -> None:
        values = [float(series["value"][1]) for series in prometheus.now(alert["data"][0]["model"]["expr"])]

        # The condition takes whatever is there for a finding.
        (condition,) = alert["data"][1]["model"]["conditions"]
        assert condition["evaluator"] == {"type": "gt", "params": [-1]}
        assert all(value > -1 for value in values)

    def test_report_the_drift(self, prometheus: Prometheus) -> None:
        def firing() -> list[dict[str, str]]:
            found = prometheus.get("alerts")["alerts"]
            return [alert["labels"] for alert in found if alert["state"] == "firing"]

        labels = {
            "alertname": "ChantillyDriftFound",
            "instance": INSTANCE,
            "model": MODEL,
            "severity": "warning",
        }
        wait_until(lambda: labels in firing())

    def test_are_evaluated_without_an_error(self, prometheus: Prometheus) -> None:
        def rules() -> list[dict[str, Any]]:
            (group,) = prometheus.get("rules")["groups"]
            found: list[dict[str, Any]] = group["rules"]
            return found

        wait_until(lambda: all(rule["health"] == "ok" for rule in rules()))
        assert [rule["name"] for rule in rules()] == [rule["alert"] for rule in RULES]


@pytest.fixture(scope="module")
def restarted(server: Server, prometheus: Prometheus) -> Prometheus:
    """The same, after the server's process was killed and another one has made some calls."""
    started_at = prometheus.now("process_start_time_seconds")[0]["value"][1]
    server.restart(clean=False)
    prometheus.scrape(server.port)
    wait_until(lambda: prometheus.now(f"process_start_time_seconds > {started_at}") != [])
    with server.client() as client:
        for number in range(N_AFTER):
            client.predict(model=ODD_MODEL, features={"x": number}, id=f"again-{number}")
    calls = 'chantilly_call_duration_seconds_count{route="predict"}'
    wait_until(lambda: prometheus.now(f"{calls} == {N_AFTER}") != [])
    return prometheus


class TestRestart:
    """The last of the module: the server is another process afterwards."""

    @pytest.mark.parametrize(
        ("counter", "n_resets"),
        [
            ("chantilly_learns_total", 0),
            ("chantilly_predictions_total", 0),
            ("chantilly_drift_alerts_total", 0),
            ('chantilly_call_duration_seconds_count{route="predict"}', 1),
            ('chantilly_call_duration_seconds_sum{route="predict"}', 1),
        ],
    )
    def test_is_none_to_what_is_durable_and_a_beginning_to_the_rest(
        self, restarted: Prometheus, counter: str, n_resets: int
    ) -> None:
        found = restarted.now(f"resets({counter}[{WINDOW}])")

        assert found
        assert {int(series["value"][1]) for series in found} == {n_resets}

    def test_adds_no_calls_that_nobody_made(self, restarted: Prometheus) -> None:
        (series,) = restarted.now(f'chantilly_call_duration_seconds_count{{route="predict"}}[{WINDOW}]')

        counts = [int(text) for _, text in series["values"]]
        steps = [after if after < before else after - before for before, after in pairwise(counts)]
        assert counts[0] + sum(steps) == N_PREDICT_CALLS + N_AFTER

    def test_makes_no_rate_negative(self, restarted: Prometheus) -> None:
        names = restarted.get("label/__name__/values")
        counters = [name for name in names if name.endswith(("_total", "_count", "_sum", "_bucket"))]

        assert len(counters) > 10
        for name in counters:
            least = f"min(min_over_time(rate({name}[5s])[{WINDOW}:1s]))"
            assert [float(series["value"][1]) >= 0 for series in restarted.now(least)] == [True], name

    def test_is_marked(self, restarted: Prometheus) -> None:
        (query,) = (query for query in asked(ALL) if query.place == "annotation Restarts")

        assert len(restarted.now(query.fields["expr"])) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "chantilly.rules.yml"],
        ["test", "rules", "chantilly.tests.yml"],
    ],
    ids=" ".join,
)
def test_promtool_finds_nothing_amiss(arguments: list[str]) -> None:
    done = subprocess.run([PROMTOOL, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_tested_until_it_fires() -> None:
    tests = yaml.safe_load((FOLDER / "chantilly.tests.yml").read_text())["tests"]

    fired = [
        case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")
    ]
    assert sorted(fired) == sorted(rule["alert"] for rule in RULES)
