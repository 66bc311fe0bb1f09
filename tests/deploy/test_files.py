"""The files in deploy/grafana, held to Grafana's schema and to each other."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models.alerting import Rule
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.deploy import schemas
from tests.deploy.grafana import DASHBOARDS, DEPLOY, PROVISIONING, panels, provisioned, queries

RULES = yaml.safe_load((DEPLOY / "prometheus/chantilly.rules.yml").read_text())["groups"][0]["rules"]
SQL_FIELDS = {"refId", "datasource", "editorMode", "format", "rawQuery", "rawSql"}
# As docs.grafana.com, "Provision Grafana", has them.
DATA_SOURCE_FIELDS = {"name", "uid", "type", "access", "url", "user", "jsonData", "secureJsonData"}
PROVIDER_FIELDS = {
    "name",
    "orgId",
    "folder",
    "type",
    "disableDeletion",
    "updateIntervalSeconds",
    "allowUiUpdates",
    "options",
}
# Those of the file; the rest of a rule is as the HTTP API has it, which the schema describes.
RULE_FIELDS = {"dashboardUid", "panelId"}
ALERTS: list[dict[str, Any]] = provisioned("alerting")["groups"][0]["rules"]


@pytest.mark.parametrize("name", DASHBOARDS)
class TestDashboards:
    def test_are_what_grafana_knows(self, name: str) -> None:
        assert schemas.faults(Dashboard, DASHBOARDS[name]) == []

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"titel": "x"}, ".titel: 'x' became None"),
            ({"graphTooltip": 7}, ".graph_tooltip: 7 is no"),
            ({"tags": ["x", 1]}, ".tags[1]: 1 is no"),
            ({"refresh": True}, ".refresh: True is no"),
        ],
    )
    def test_would_be_refused_otherwise(self, name: str, change: dict[str, object], fault: str) -> None:
        found = schemas.faults(Dashboard, DASHBOARDS[name] | change)

        assert [text[: len(fault)] for text in found] == [fault]

    def test_say_what_each_panel_shows(self, name: str) -> None:
        for panel in panels(name):
            assert panel["title"]
            assert panel["description"].endswith(".")
            assert panel["fieldConfig"]["defaults"].get("unit") or panel["type"] in {"stat", "table"}
        ids = [panel["id"] for panel in DASHBOARDS[name]["panels"]]
        assert len(ids) == len(set(ids))

    def test_have_no_panel_over_another(self, name: str) -> None:
        places = [panel["gridPos"] for panel in DASHBOARDS[name]["panels"]]
        for place in places:
            assert place["x"] + place["w"] <= 24
        for one, other in itertools.combinations(places, 2):
            assert (
                one["x"] + one["w"] <= other["x"]
                or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"]
                or other["y"] + other["h"] <= one["y"]
            )

    def test_ask_the_chosen_data_source_by_names_of_their_own(self, name: str) -> None:
        for query in queries(name):
            assert query.fields["datasource"]["uid"] == "${datasource}"
            if "rawSql" in query.fields:
                assert query.fields.keys() == SQL_FIELDS
                assert query.fields["format"] in {"table", "time_series"}
        for panel in panels(name):
            names = [target["refId"] for target in panel["targets"]]
            assert len(names) == len(set(names))


def test_the_readme_names_what_there_is() -> None:
    reported = re.findall(r"^\| `(.+?)` \|", (DEPLOY / "README.md").read_text(), re.MULTILINE)

    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.name != "README.md"]
    assert all((DEPLOY / name).exists() for name in reported)
    assert [file for file in files if not any(file.is_relative_to(DEPLOY / name) for name in reported)] == []


class TestProvisioning:
    def test_names_the_data_sources_that_the_dashboards_want(self) -> None:
        sources = provisioned("datasources")["datasources"]

        assert all(source.keys() <= DATA_SOURCE_FIELDS for source in sources)
        wanted = {query.fields["datasource"]["type"] for name in DASHBOARDS for query in queries(name)}
        assert {source["type"] for source in sources} == wanted

    def test_finds_the_dashboards_in_a_folder(self) -> None:
        (provider,) = provisioned("dashboards")["providers"]

        assert provider.keys() == PROVIDER_FIELDS
        assert provider["type"] == "file"
        assert provider["options"]["path"] == "$__env{CHANTILLY_DASHBOARDS}"

    @pytest.mark.parametrize("path", [*PROVISIONING.glob("*/*.yaml")], ids=lambda path: str(path.parent.name))
    def test_asks_the_environment_for_nothing_by_accident(self, path: Path) -> None:
        # Grafana takes what follows a dollar for the name of a variable, and puts nothing in its place.
        content = "\n".join(
            line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")
        )

        assert re.sub(r"\$__env\{CHANTILLY_\w+\}", "", content).count("$") == 0


class TestAlerts:
    def test_are_those_of_prometheus(self) -> None:
        def reported(rule: dict[str, Any], name: str, expression: str) -> tuple[Any, ...]:
            return name, expression, rule.get("for", "0s"), rule["labels"], rule["annotations"]

        assert [reported(rule, rule["title"], rule["data"][0]["model"]["expr"]) for rule in ALERTS] == [
            reported(rule, rule["alert"], rule["expr"]) for rule in RULES
        ]

    @pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["title"]))
    def test_are_what_grafana_knows(self, alert: dict[str, Any]) -> None:
        as_answered = {key: value for key, value in alert.items() if key not in RULE_FIELDS}

        rule = as_answered | {"folderUID": "chantilly", "ruleGroup": "chantilly", "orgID": 1}

        assert schemas.faults(Rule, rule) == []
        assert re.fullmatch(r"[a-z-]{1,40}", alert["uid"])

    @pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["title"]))
    def test_ask_a_data_source_that_there_is_and_show_a_panel_with_the_same_figure(
        self, alert: dict[str, Any]
    ) -> None:
        asked, condition = alert["data"]
        (shown,) = (panel for panel in panels("live") if panel["id"] == alert["panelId"])

        sources = {source["uid"]: source["type"] for source in provisioned("datasources")["datasources"]}
        assert sources[asked["datasourceUid"]] == asked["model"]["datasource"]["type"] == "prometheus"
        assert (condition["refId"], condition["model"]["expression"]) == (alert["condition"], asked["refId"])
        assert alert["dashboardUid"] == DASHBOARDS["live"]["uid"]
        figures = re.findall(r"\b(?:chantilly_\w+|up\b)", asked["model"]["expr"])
        assert any(figure in target["expr"] for figure in figures for target in shown["targets"])
