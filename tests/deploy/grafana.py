"""Grafana's queries, with variables and macros filled in as it does."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from tests.servers.launchers import ROOT

DEPLOY = ROOT / "deploy"
PROVISIONING = DEPLOY / "grafana" / "provisioning"
DASHBOARDS = {
    path.stem: json.loads(path.read_text()) for path in (DEPLOY / "grafana/dashboards").glob("*.json")
}
_MACRO = re.compile(r"\$(\w+)\(([^)]*)\)")


@dataclass(frozen=True)
class Query:
    """A query of a dashboard, and where it stands there."""

    place: str
    fields: Mapping[str, Any]


def provisioned(kind: str) -> Any:
    """Return a provisioning file's content."""
    return yaml.safe_load((PROVISIONING / kind / "chantilly.yaml").read_text())


def panels(dashboard: str) -> list[dict[str, Any]]:
    """Return a dashboard's panels, without its rows."""
    return [panel for panel in DASHBOARDS[dashboard]["panels"] if panel["type"] != "row"]


def queries(dashboard: str) -> Iterator[Query]:
    """Yield the queries of a dashboard's panels."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield Query(f"{panel['id']} {panel['title']} {target['refId']}", target)


def variables(dashboard: str) -> dict[str, dict[str, Any]]:
    """Return a dashboard's variables that are queries, by name."""
    listed = DASHBOARDS[dashboard]["templating"]["list"]
    return {variable["name"]: variable for variable in listed if variable["type"] == "query"}


def promql(expression: str, values: Mapping[str, Sequence[str]], *, window: str) -> str:
    """Fill in variables as the data source for Prometheus does, and `window` for the intervals."""
    for name in ("__rate_interval", "__interval", "__range"):
        expression = expression.replace(f"${name}", window)
    for name, chosen in values.items():
        expression = expression.replace(f"${name}", "|".join(map(_regular_expression, chosen)))
    return expression


def sql(query: str, values: Mapping[str, Sequence[str]], *, start: datetime, end: datetime) -> str:
    """Fill in variables and macros as the data source for PostgreSQL does; the interval is ten seconds.

    Source: grafana/grafana, pkg/tsdb/grafana-postgresql-datasource/macros.go.
    """
    for name, chosen in values.items():
        quoted = ",".join("'" + value.replace("'", "''") + "'" for value in chosen)
        query = query.replace(f"${name}", quoted)
    query = query.replace("$__interval_ms", "10000").replace("$__interval", "10s")
    between = f"BETWEEN '{start.isoformat()}' AND '{end.isoformat()}'"

    def expand(found: re.Match[str]) -> str:
        name, column = found[1], found[2].split(",")[0].strip()
        return {
            "__timeFilter": f"{column} {between}",
            "__timeGroupAlias": f'floor(extract(epoch from {column})/10)*10 AS "time"',
        }[name]

    return _MACRO.sub(expand, query)


def _regular_expression(value: str) -> str:
    if value == ".*":
        # What stands for all values is taken as it is.
        return value
    return re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))
