"""The tables that the promises rest on: the journal, the snapshots, the configuration."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from river import linear_model

from models_app.models import Configuration, FlavorMetrics, JournalSegment, ServedModel, Snapshot
from models_app.services import snapshotting
from models_app.services.folding import InstanceMetrics
from tests.admin.pages import act, add_url, html, list_url, messages, url
from tests.services.instances import Instance

READ_ONLY = [Configuration, JournalSegment, Snapshot]


@pytest.fixture
def learned(instance: Instance) -> Instance:
    """An instance with a model that has learned and has a snapshot of it."""
    instance.upload("model")
    instance.run("model", 2)
    snapshotting.take_snapshot(name="model")
    return instance


class TestReadOnlyTables:
    @pytest.mark.parametrize("kind", READ_ONLY)
    def test_can_be_looked_at_only(self, learned: Instance, client: Client, kind: Any) -> None:
        row = kind.objects.order_by("-pk").first()
        n_rows = kind.objects.count()

        assert client.get(list_url(kind)).status_code == 200
        assert client.get(url(row)).status_code == 200
        assert client.get(add_url(kind)).status_code == 403
        assert client.post(add_url(kind), {}).status_code == 403
        assert client.post(url(row), {"generation": 7, "flavor": "regression"}).status_code == 403
        assert client.post(url(row, "delete"), {"post": "yes"}).status_code == 403
        act(client, "delete_selected", row, post="yes")

        assert kind.objects.count() == n_rows
        assert kind.objects.order_by("-pk").values().first() == kind.objects.filter(pk=row.pk).values().get()

    @pytest.mark.parametrize("kind", [JournalSegment, Snapshot])
    def test_read_lists_without_what_is_large_and_without_a_query_a_row(
        self, learned: Instance, client: Client, kind: Any
    ) -> None:
        html(client, list_url(kind))
        with CaptureQueriesContext(connection) as few:
            html(client, list_url(kind))
        learned.run("model", 3)
        snapshotting.take_snapshot(name="model")

        with CaptureQueriesContext(connection) as more:
            html(client, list_url(kind))

        assert len(more) == len(few)
        large = ('"learns"', "model_bytes", "metrics_bytes")
        assert not [query["sql"] for query in more if any(name in query["sql"] for name in large)]

    @pytest.mark.parametrize("kind", [JournalSegment, Snapshot])
    def test_read_one_models_list_along_an_index(self, learned: Instance, client: Client, kind: Any) -> None:
        with CaptureQueriesContext(connection) as queries:
            html(client, f"{list_url(kind)}?model={ServedModel.objects.get().pk}")

        (statement,) = [
            query["sql"]
            for query in queries
            if f'FROM "{kind._meta.db_table}"' in query["sql"] and "ORDER BY" in query["sql"]
        ]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            plan = " | ".join(row[3] for row in cursor.fetchall())
        assert "(model_id=?)" in plan
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan

    def test_are_on_the_index_page(self, client: Client) -> None:
        page = html(client, "/admin/")

        for kind in [*READ_ONLY, ServedModel]:
            assert list_url(kind) in page
        assert "<title>The instance | Chantilly on Django</title>" in page

    def test_are_all_registered(self) -> None:
        registered = {model._meta.label for model in admin.site._registry}

        assert {f"models_app.{kind.__name__}" for kind in READ_ONLY} < registered


class TestJournal:
    def test_shows_the_learns_of_a_segment(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.predict("<i>", "model", **{"<script>": 1.0})
        instance.learn("<i>", ground_truth=True)

        page = html(client, url(JournalSegment.objects.get()))

        assert '<th scope="row">1</th>' in page
        assert "<td>&lt;i&gt;</td>" in page
        assert "{&quot;&lt;script&gt;&quot;:1.0}" in page
        assert "<code>true</code>" in page
        assert "{&quot;false&quot;: 0.5, &quot;true&quot;: 0.5}" in page


class TestSnapshots:
    def test_show_metrics_and_versions(self, learned: Instance, client: Client) -> None:
        snapshot = Snapshot.objects.get(seq=2)

        page = html(client, url(snapshot))

        assert "Accuracy 0" in page
        assert snapshot.river_version in page
        assert snapshot.sha256 in page
        assert url(snapshot, "download") in page

    def test_can_be_downloaded(self, learned: Instance, client: Client) -> None:
        first = Snapshot.objects.get(seq=0)

        response = client.get(url(first, "download"))

        assert response["Content-Disposition"] == 'attachment; filename="model at 0.pickle"'
        assert pickle.loads(response.content)["StandardScaler"].counts["x"] == 0

    def test_are_not_given_out_where_somebody_has_changed_them(
        self, learned: Instance, client: Client
    ) -> None:
        Snapshot.objects.filter(seq=2).update(metrics_bytes=b"")

        response = client.get(url(Snapshot.objects.get(seq=2), "download"), follow=True)

        assert "signature" in messages(response)[0]

    def test_are_not_found_when_they_are_gone(self, learned: Instance, client: Client) -> None:
        newest = Snapshot.objects.get(seq=2)
        address = url(newest, "download")
        newest.delete()

        assert client.get(address).status_code == 404

    def test_need_the_permission(self, learned: Instance, client_who_may: Callable[..., Client]) -> None:
        address = url(Snapshot.objects.get(seq=2), "download")

        assert client_who_may("view_servedmodel").get(address).status_code == 403


class TestConfiguration:
    def test_shows_the_flavor_and_the_metrics(self, learned: Instance, client: Client) -> None:
        page = html(client, url(Configuration.objects.get()))

        assert "binary" in page
        assert "LogLoss 0." in page

    def test_says_why_the_metrics_cannot_be_computed(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.run("model", 1)
        # As another process has written them down.
        InstanceMetrics().persist()
        FlavorMetrics.objects.update(metrics_signature="0" * 64)

        assert "do not carry this instance" in html(client, list_url(Configuration))

    def test_shows_the_metrics_of_all_flavors(self, learned: Instance, client: Client) -> None:
        learned.upload("other", linear_model.LinearRegression(), flavor="regression")

        page = html(client, list_url(Configuration))

        assert "binary: Accuracy" in page
        assert "; regression: MAE 0" in page
