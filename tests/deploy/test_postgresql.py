"""Every query for PostgreSQL, tried on one that has the project's tables with the rows of a real run."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.deploy.grafana import Query, queries, sql, variables
from tests.deploy.postgresql import READER, PostgreSQL
from tests.deploy.programs import program
from tests.deploy.running import MODEL, ODD_MODEL, prepare, work
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

program("initdb")

METRICS = ["Accuracy", "LogLoss", "Precision", "Recall", "F1"]
CHOICES = {
    "all": {"model": [MODEL, ODD_MODEL], "metric": METRICS},
    "one": {"model": [ODD_MODEL], "metric": ["Accuracy"]},
}
#: What has nothing of the model that was chosen, and why that is right.
EMPTY = dict.fromkeys(["14 Drift alerts A", "15 Findings A"], "it learned too little to drift")
Row = tuple[Any, ...]


@pytest.fixture(scope="module")
def reader(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
    """Grafana's connection to a PostgreSQL that has what a server did."""
    with server.client() as client:
        prepare(client)
        work(client)
    samples = (
        "SELECT 1 FROM monitoring_metricsnapshot WHERE model_id IS NOT NULL AND seq > 0 GROUP BY model_id"
    )
    wait_until(lambda: len(server.database.rows(samples)) == 2)
    # What it saves now and then it saves when it ends.
    server.stop()
    postgresql = PostgreSQL()
    postgresql.start()
    try:
        postgresql.fill(server, tmp_path_factory.mktemp("copy") / "instance")
        with postgresql.connect(READER) as connection:
            yield connection
    finally:
        postgresql.stop()


def ask(reader: "psycopg.Connection[Row]", query: str, choice: str) -> tuple[list[str], list[Row]]:
    """Return the columns and the rows of a query, as Grafana sends it."""
    end = datetime.now(UTC) + timedelta(minutes=1)
    cursor = reader.execute(sql(query, CHOICES[choice], start=end - timedelta(days=1), end=end).encode())
    return [column.name for column in cursor.description or ()], cursor.fetchall()


class TestDashboard:
    @pytest.mark.parametrize("choice", CHOICES)
    @pytest.mark.parametrize("query", [*queries("history")], ids=lambda query: str(query.place))
    def test_has_something_to_show(
        self, reader: "psycopg.Connection[Row]", query: Query, choice: str
    ) -> None:
        columns, rows = ask(reader, query.fields["rawSql"], choice)

        has_values = any(value is not None for row in rows for value in row[1:] or row)
        assert has_values == (choice == "all" or query.place not in EMPTY)
        assert len(columns) == len(set(columns))
        if query.fields["format"] == "time_series":
            assert columns == ["time", "metric", "value"]
            assert [row[0] for row in rows] == sorted(row[0] for row in rows)

    @pytest.mark.parametrize(("name", "expected"), [("model", {MODEL, ODD_MODEL}), ("metric", set(METRICS))])
    def test_offers_what_there_is(
        self, reader: "psycopg.Connection[Row]", name: str, expected: set[str]
    ) -> None:
        _, rows = ask(reader, variables("history")[name]["query"], "all")

        assert {row[0] for row in rows} == expected

    def test_counts_what_the_server_did(self, reader: "psycopg.Connection[Row]", server: Server) -> None:
        reported = {
            query.place: ask(reader, query.fields["rawSql"], "all")[1] for query in queries("history")
        }

        ((n_pending,),) = server.database.rows("SELECT count(*) FROM models_app_pendingprediction")
        ((n_drift,),) = server.database.rows(
            "SELECT count(*) FROM monitoring_driftalert WHERE kind = 'drift'"
        )
        n_learns = server.database.seq(MODEL) + server.database.seq(ODD_MODEL)
        assert reported["2 Models A"] == [(2,)]
        assert reported["3 Learns A"] == [(n_learns,)]
        assert reported["4 Pending A"] == [(n_pending,)]
        assert reported["5 Drift A"] == [(n_drift,)]
        assert sum(count for _, count in reported["13 Pending predictions by age A"]) == n_pending
        # Learns per second, in intervals of ten seconds.
        assert sum(value * 10 for _, _, value in reported["12 Learns A"]) == pytest.approx(n_learns)


class TestReader:
    @pytest.mark.parametrize(
        "columns",
        [
            "learns FROM models_app_journalsegment",
            "features FROM models_app_pendingprediction",
            "prediction FROM models_app_pendingprediction",
            "model_bytes FROM models_app_snapshot",
            "metrics_bytes FROM models_app_flavormetrics",
            "password FROM auth_user",
            "session_data FROM django_session",
        ],
    )
    def test_sees_nothing_that_is_not_for_all(self, reader: "psycopg.Connection[Row]", columns: str) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"SELECT {columns}".encode())

    def test_changes_nothing(self, reader: "psycopg.Connection[Row]") -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("DELETE FROM models_app_servedmodel")
