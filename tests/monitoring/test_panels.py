"""The panels of monitoring on the admin's pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from river.linear_model import LinearRegression

from models_app.models import ServedModel
from monitoring.history.reading import InstanceRates, instance_rates
from monitoring.models import DriftAlert, DriftPlan, MetricSnapshot
from tests.admin.conftest import client, client_who_may
from tests.admin.pages import html, list_url, url
from tests.services.instances import Instance, instance

__all__ = ["client", "client_who_may", "instance"]

START = "/admin/"


def put_alert(model: ServedModel, seq: int) -> DriftAlert:
    return DriftAlert.objects.create(
        model=model, generation=1, seq=seq, time=datetime(2026, 1, 1, 10, 30, tzinfo=UTC), kind="drift",
        source="feature <script>", detector="ADWIN", value=0.5,
    )  # fmt: skip


def put_sample(
    seconds_ago: float, seq: int, n_predictions: int, *, now: datetime, flavor: str = "binary"
) -> None:
    at = now - timedelta(seconds=seconds_ago)
    MetricSnapshot.objects.create(
        flavor=flavor,
        generation=0,
        seq=seq,
        time=at,
        n_predictions=n_predictions,
        values={},
        rolling={},
        level=0,
    )


@pytest.fixture
def model(instance: Instance) -> ServedModel:
    """A model with an odd name."""
    instance.upload("a & <b>")
    return ServedModel.objects.get()


class TestOnTheStartPage:
    def test_shows_the_newest_alerts_of_all_models(self, model: ServedModel, client: Client) -> None:
        alerts = [put_alert(model, seq) for seq in range(1, 8)]

        page = html(client, START)

        shown = [reverse("admin:monitoring_driftalert_change", args=[alert.pk]) in page for alert in alerts]
        assert shown == [False, False, True, True, True, True, True]
        assert f'<a href="{url(model)}">a &amp; &lt;b&gt;</a>' in page
        assert "2026-01-01 10:30:00" in page
        assert "<script>feature" not in page
        assert "feature &lt;script&gt;" in page

    def test_has_a_chart_over_all_models(self, model: ServedModel, client: Client) -> None:
        page = html(client, START)

        assert 'data-headline="Accuracy"' in page
        assert "data-model" not in page
        assert 'id="chart"' in page
        assert '<script type="module" src="/static/monitoring/panel.js"></script>' in page

    def test_offers_the_flavors_that_there_are(
        self, model: ServedModel, instance: Instance, client: Client
    ) -> None:
        assert "<p hidden><label>Flavor" in html(client, START)
        instance.upload("other", LinearRegression(), flavor="regression")

        page = html(client, START)

        assert "<p><label>Flavor" in page
        first, second = (page.index(f'<option value="{name}"') for name in ("binary", "regression"))
        assert first < second
        assert '<option value="regression" data-headline="MAE"' in page

    def test_says_how_much_is_done(self, model: ServedModel, client: Client) -> None:
        assert "Learns a second" not in html(client, START)
        now = timezone.now()
        put_sample(15, 100, 1_000, now=now)
        put_sample(5, 200, 3_000, now=now)

        page = html(client, START)

        assert "<dt>Learns a second</dt><dd>10.0</dd>" in page
        assert "<dt>Predictions a second</dt><dd>200.0</dd>" in page

    def test_leads_to_the_dashboard(self, instance: Instance, client: Client) -> None:
        page = html(client, START)

        assert '<a href="/">Dashboard</a>' in page
        assert "No drift has been found." in page

    def test_is_for_who_may_see_it(self, model: ServedModel, client_who_may: Callable[..., Client]) -> None:
        page = html(client_who_may("view_servedmodel"), START)

        assert "Overview" in page
        assert 'id="chart"' not in page


class TestOnAModelsPage:
    def test_shows_the_models_chart_and_alerts(self, model: ServedModel, client: Client) -> None:
        own = put_alert(model, 1_234)

        page = html(client, url(model))

        assert 'data-model="a &amp; &lt;b&gt;"' in page
        assert '<option value="binary" data-headline="Accuracy">' in page
        assert 'id="chart"' in page
        assert reverse("admin:monitoring_driftalert_change", args=[own.pk]) in page
        assert "<td>1,234</td>" in page

    def test_leads_to_the_dashboards_page_and_the_alerts(self, model: ServedModel, client: Client) -> None:
        page = html(client, url(model))

        assert escape(reverse("model-page", args=[model.name])) in page
        assert f'<a href="/admin/monitoring/driftalert/?model={model.pk}">All drift alerts</a>' in page

    def test_leads_to_the_drift_plan_or_a_new_one(self, model: ServedModel, client: Client) -> None:
        new = reverse("admin:monitoring_driftplan_add") + f"?model={model.pk}"
        assert new in html(client, url(model))

        plan = DriftPlan.objects.create(model=model)

        assert reverse("admin:monitoring_driftplan_change", args=[plan.pk]) in html(client, url(model))
        chosen = html(client, new)
        assert f'<option value="{model.pk}" selected>a &amp; &lt;b&gt;</option>' in chosen

    def test_is_not_on_the_page_that_uploads(self, instance: Instance, client: Client) -> None:
        assert 'id="chart"' not in html(client, f"{list_url(ServedModel)}add/")


class TestSamples:
    def test_over_all_models_are_of_no_model(self, instance: Instance, client: Client) -> None:
        put_sample(4, 60, 40, now=timezone.now())
        sample = MetricSnapshot.objects.get()

        for address in (
            "/admin/monitoring/metricsnapshot/",
            f"/admin/monitoring/metricsnapshot/{sample.pk}/change/",
        ):
            page = html(client, address)
            assert "all models" in page
            assert 'class="model-links"' not in page


class TestInstanceRates:
    def test_are_between_the_last_two_samples(self, instance: Instance) -> None:
        now = timezone.now()
        put_sample(200, 0, 0, now=now)
        put_sample(14, 10, 20, now=now)
        put_sample(4, 60, 40, now=now)

        assert instance_rates() == InstanceRates(learns=5.0, predictions=2.0)

    def test_are_those_of_all_flavors_together(self, instance: Instance) -> None:
        now = timezone.now()
        for flavor in ("binary", "regression"):
            put_sample(14, 10, 20, now=now, flavor=flavor)
            put_sample(4, 60, 40, now=now, flavor=flavor)

        assert instance_rates() == InstanceRates(learns=10.0, predictions=4.0)

    def test_are_not_negative_where_a_model_was_deleted(self, instance: Instance) -> None:
        now = timezone.now()
        put_sample(14, 100, 100, now=now)
        put_sample(4, 60, 40, now=now)

        assert instance_rates() == InstanceRates(learns=0.0, predictions=0.0)

    def test_are_unknown_where_nothing_is_learned(self, instance: Instance) -> None:
        now = timezone.now()
        put_sample(100, 100, 100, now=now)
        assert instance_rates() is None

        put_sample(90, 200, 200, now=now)

        assert instance_rates() is None
