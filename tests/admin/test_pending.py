import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from models_app.admin import pending
from models_app.models import PendingPrediction, ServedModel
from tests.admin.pages import act, add_url, html, list_url, messages, url
from tests.services.instances import Instance

LIST = "/admin/models_app/pendingprediction/"


def shown_ids(client: Client, query: str = "") -> list[str]:
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    return [row.prediction_id for row in response.context["cl"].result_list]


class TestList:
    def test_shows_the_newest_first(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        for i, age in enumerate([300, 100, 200]):
            instance.predict(f"id-{i}", "model", at=time.time() - age)

        assert shown_ids(client) == ["id-1", "id-2", "id-0"]

    def test_reports_the_age_and_the_prediction(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.predict("1", "model", at=time.time() - 3 * 86_400)

        page = html(client, LIST)

        assert "3\xa0days" in page
        assert "{&quot;false&quot;: 0.5, &quot;true&quot;: 0.5}" in page

    def test_keeps_one_models(self, instance: Instance, client: Client) -> None:
        for name in ("one", "two"):
            instance.upload(name)
            instance.predict(f"of-{name}", name)

        one = ServedModel.objects.get(name="one")

        assert shown_ids(client, f"?model={one.pk}") == ["of-one"]

    @pytest.mark.parametrize("chosen", ["999", "x", "9" * 30, "-1"])
    def test_is_empty_for_a_model_that_is_none(self, instance: Instance, client: Client, chosen: str) -> None:
        instance.upload("model")
        instance.predict("1", "model")

        assert shown_ids(client, f"?model={chosen}") == []

    def test_offers_the_chosen_model_among_many(self, instance: Instance, client: Client) -> None:
        instance.upload("chosen")
        instance.predict("1", "chosen")
        chosen = ServedModel.objects.get()
        for i in range(31):
            chosen.pk = None
            chosen.name = f"other-{i}"
            chosen.is_default = False
            chosen.uploaded_at = timezone.now()
            chosen.save()
        chosen = ServedModel.objects.get(name="chosen")

        response = client.get(f"{LIST}?model={chosen.pk}")

        (model_filter,) = response.context["cl"].filter_specs
        assert "chosen" in [name for _, name in model_filter.lookup_choices]
        assert [row.prediction_id for row in response.context["cl"].result_list] == ["1"]

    @pytest.mark.parametrize(
        ("term", "found"),
        [
            ("order-1", ["order-1", "order-10"]),
            ("order-10", ["order-10"]),
            ("order", ["order-1", "order-10", "order-2"]),
            ("ORDER-1", []),
            ("rder", []),
            ("order 1", []),
            ("%", ["%x"]),
            ("é", ["é1"]),
        ],
    )
    def test_finds_ids_by_how_they_begin(
        self, instance: Instance, client: Client, term: str, found: list[str]
    ) -> None:
        instance.upload("model")
        now = time.time()
        for i, prediction_id in enumerate(["order-1", "order-2", "order-10", "%x", "é1"]):
            instance.predict(prediction_id, "model", at=now + i)

        response = client.get(LIST, {"q": term})

        assert [row.prediction_id for row in response.context["cl"].result_list] == found

    def test_finds_one_models_ids(self, instance: Instance, client: Client) -> None:
        for name in ("one", "two"):
            instance.upload(name)
            instance.predict(f"order-of-{name}", name)
            instance.predict(f"other-of-{name}", name)
        two = ServedModel.objects.get(name="two")

        assert shown_ids(client, f"?model={two.pk}&q=order") == ["order-of-two"]
        assert shown_ids(client, "?model=999&q=order") == []

    def test_looks_at_so_many_ids_for_one_models(
        self, instance: Instance, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pending, "_LOOKED_AT", 2)
        for name in ("one", "two"):
            instance.upload(name)
            for number in (1, 2):
                instance.predict(f"order-{number}-of-{name}", name)
        two = ServedModel.objects.get(name="two")

        assert shown_ids(client, f"?model={two.pk}&q=order") == ["order-1-of-two"]

    def test_reads_pages_and_searches_by_an_index(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.predict("1", "model")

        with CaptureQueriesContext(connection) as queries:
            html(client, LIST)
            html(client, f"{LIST}?q=1")

        statements = [query["sql"] for query in queries if '"owner" FROM' in query["sql"]]
        with connection.cursor() as cursor:
            plans = []
            for statement in statements:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
                plans.append(" | ".join(row[3] for row in cursor.fetchall()))
        assert "USING INDEX pending_of_model" in plans[0]
        assert "USING INDEX sqlite_autoindex_models_app_pendingprediction_1" in plans[-1]

    def test_leaves_the_features_in_the_database(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        for i in range(3):
            instance.predict(str(i), "model")

        with CaptureQueriesContext(connection) as queries:
            html(client, LIST)

        assert not [query["sql"] for query in queries if '"features"' in query["sql"]]


class TestDetail:
    def test_is_readable(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.predict("a/b <i>", "model", text="<script>", nested={"x": 1})

        page = html(client, url(PendingPrediction.objects.get()))

        assert '<pre class="json">{\n  &quot;text&quot;: &quot;&lt;script&gt;&quot;,\n' in page
        assert "&quot;true&quot;: 0.5" in page

    def test_cannot_be_edited_or_added(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.predict("1", "model")

        response = client.post(url(PendingPrediction.objects.get()), {"prediction_id": "2"})

        assert response.status_code == 403
        assert client.get(add_url(PendingPrediction)).status_code == 403


class TestDelete:
    def test_gives_up_on_the_selected(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        for prediction_id in ("a", "b", "c"):
            instance.predict(prediction_id, "model")
        a, b, _ = PendingPrediction.objects.order_by("prediction_id")

        asked = act(client, "delete_selected", a, b)
        assert "Are you sure" in asked.content.decode()
        assert PendingPrediction.objects.count() == 3
        response = act(client, "delete_selected", a, b, post="yes")

        assert messages(response) == ["Successfully deleted 2 pending predictions."]
        assert [row.prediction_id for row in PendingPrediction.objects.all()] == ["c"]
        assert instance.learn("c", ground_truth=True) == 1

    def test_gives_up_on_one_from_its_page(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.predict("a/b", "model")

        client.post(url(PendingPrediction.objects.get(), "delete"), {"post": "yes"})

        assert not PendingPrediction.objects.exists()

    def test_names_the_command_for_more_than_a_page_can_name(
        self, instance: Instance, client: Client
    ) -> None:
        instance.upload("model")
        model = ServedModel.objects.get()
        rows = PendingPrediction.objects.bulk_create(
            PendingPrediction(
                prediction_id=str(i),
                model=model,
                token=i,
                features="{}",
                prediction="null",
                predicted_at=timezone.now() - timedelta(days=1),
            )
            for i in range(pending._MOST_AT_ONCE + 1)
        )

        response = act(client, "delete_selected", rows[0], select_across="1")

        assert "`manage.py prune_predictions`" in messages(response)[0]
        assert PendingPrediction.objects.count() == len(rows)

    def test_needs_the_permission(self, instance: Instance, client_who_may: Callable[..., Client]) -> None:
        instance.upload("model")
        instance.predict("1", "model")
        client = client_who_may("view_pendingprediction")
        row = PendingPrediction.objects.get()

        assert "delete_selected" not in html(client, list_url(PendingPrediction))
        act(client, "delete_selected", row, post="yes")

        assert client.post(url(row, "delete"), {"post": "yes"}).status_code == 403
        assert PendingPrediction.objects.exists()
