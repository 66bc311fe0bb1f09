"""The start page: an overview of the instance."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_app.models import Configuration, FlavorMetrics, ServedModel
from models_app.services import measuring, runtime
from models_app.services.folding import InstanceMetrics
from models_app.services.summarizing import summarize_instance
from tests.admin.pages import html, url
from tests.services.instances import Instance

START = "/admin/"


class TestStartPage:
    def test_says_how_the_instance_does(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        instance.upload("<b>two")
        instance.run("one", 3)
        instance.predict("open", "one")

        page = html(client, START)

        accuracy = measuring.instance_metrics()["Accuracy"]
        assert "<code>binary</code>" in page
        assert '">2</a>, 1 in memory</dd>' in page
        default = ServedModel.objects.get(is_default=True)
        assert f'<a href="{url(default)}">&lt;b&gt;two</a>' in page
        assert "<dt>Learns</dt><dd>3</dd>" in page
        assert "<dt>Predictions</dt><dd>4</dd>" in page
        assert '<a href="/admin/models_app/pendingprediction/">1</a>' in page
        assert f"Accuracy {accuracy:.4g}" in page
        assert "River 0." in page
        assert '<a href="/api/docs">API docs</a>' in page

    def test_says_what_to_do_first(self, instance: Instance, client: Client) -> None:
        assert "No model has been uploaded." in html(client, START)

        Configuration.objects.all().delete()

        assert "No flavor has been set" in html(client, START)

    def test_asks_the_database_as_often_for_ten_models_as_for_one(
        self, instance: Instance, client: Client, django_assert_num_queries: Any
    ) -> None:
        instance.upload("m0")
        html(client, START)
        with CaptureQueriesContext(connection) as asked:
            html(client, START)
        n_asked = len(asked)
        assert n_asked > 0
        for number in range(1, 10):
            instance.upload(f"m{number}")
        html(client, START)

        with django_assert_num_queries(n_asked):
            html(client, START)

    def test_does_not_start_an_engine(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        runtime.stop_engine(seconds=10)

        assert "</a>, 0 in memory</dd>" in html(client, START)
        assert not runtime.engine_is_running()

    def test_says_what_stands_in_the_way(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.run("model", 1)
        # As another process has written them down.
        InstanceMetrics().persist()
        FlavorMetrics.objects.update(metrics_signature="0" * 64)

        page = html(client, START)

        assert 'class="errornote"' in page
        assert "Served models" in page

    def test_shows_what_one_may_see(self, instance: Instance, client_who_may: Callable[..., Client]) -> None:
        instance.upload("model")
        client = client_who_may("view_snapshot")

        page = html(client, START)

        assert "Overview" not in page
        assert "Snapshots" in page

    def test_is_not_the_page_of_one_app(self, instance: Instance, client: Client) -> None:
        assert "Overview" not in html(client, "/admin/models_app/")


class TestOverview:
    def test_says_how_large_the_database_is(self, instance: Instance) -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA page_size")
            (page_size,) = cursor.fetchone()

        seen = summarize_instance().database_bytes

        assert seen > 10 * page_size
        assert seen % page_size == 0
