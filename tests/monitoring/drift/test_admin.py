from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from models_app.models import ServedModel
from monitoring.models import DriftAlert, DriftPlan
from tests.services.instances import Instance


@pytest.fixture
def admin(instance: Instance) -> Client:
    """A browser in which the superuser is logged in; there is a model."""
    instance.upload("m")
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("ada", password="x"))
    return client


def post_plan(admin: Client, **fields: object) -> object:
    model = ServedModel.objects.get()
    data = {"model": model.pk, "is_on": "on", "detector": "ADWIN", "parameters": "{}", **fields}
    return admin.post(reverse("admin:monitoring_driftplan_add"), data)


class TestPlans:
    def test_are_made(self, admin: Client) -> None:
        post_plan(admin, parameters='{"delta": 0.01}', watches_features="on")

        plan = DriftPlan.objects.get().plan()
        assert (plan.parameters, plan.watches_features) == ({"delta": 0.01}, True)

    @pytest.mark.parametrize(
        ("fields", "field", "reason"),
        [
            ({"parameters": '{"sense": 1}'}, "parameters", "ADWIN has no 'sense'"),
            ({"parameters": "[1]"}, "parameters", "must be a JSON object"),
            ({"detector": "DDM", "watches_prediction": "on"}, "detector", "DDM takes 0 and 1 only"),
        ],
    )
    def test_show_what_is_wrong_at_its_field(
        self, admin: Client, fields: dict[str, str], field: str, reason: str
    ) -> None:
        response = post_plan(admin, **fields)

        errors = response.context["adminform"].form.errors  # type: ignore[attr-defined]
        assert errors[field][0].startswith(reason)
        assert not DriftPlan.objects.exists()


class TestAlerts:
    def test_are_listed(self, admin: Client) -> None:
        DriftAlert.objects.create(
            model=ServedModel.objects.get(), generation=1, seq=1_234, time=datetime(2026, 1, 1, tzinfo=UTC),
            kind="drift", source="feature <script>", detector="ADWIN", value=0.25,
        )  # fmt: skip

        page = admin.get(reverse("admin:monitoring_driftalert_changelist")).content.decode()

        assert "1,234" in page
        assert "feature &lt;script&gt;" in page
