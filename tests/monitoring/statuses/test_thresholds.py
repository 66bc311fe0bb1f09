from typing import Any

import pytest
from django.test import Client

from models_app.domain.errors import ModelNotLoadable
from models_app.models import ServedModel, Snapshot
from monitoring.models import ModelThresholds
from monitoring.statuses.rules import Limit
from monitoring.statuses.thresholds import from_settings, thresholds_of
from tests.services.instances import Instance, instance

__all__ = ["instance"]


def _form(model: ServedModel, metric: str) -> dict[str, Any]:
    return {
        "model": model.pk, "worse_by": "0", "truths_seconds": "60",
        "limits-TOTAL_FORMS": "1", "limits-INITIAL_FORMS": "0",
        "limits-0-metric": metric, "limits-0-is_lowest": "True", "limits-0-value": "0.7",
    }  # fmt: skip


class TestThresholds:
    def test_are_the_settings_where_a_model_has_none(self, settings: Any) -> None:
        settings.STATUS_P99_MS, settings.STATUS_STUCK_SECONDS = 20.0, 0.0

        found = from_settings()

        assert (found.p99_ms, found.stuck_seconds, found.worse_by) == (20.0, None, 0.25)

    def test_are_chosen_for_a_model_in_the_admin(self, instance: Instance, admin_client: Client) -> None:
        instance.upload("m")
        model = ServedModel.objects.get()

        answer = admin_client.post("/admin/monitoring/modelthresholds/add/", _form(model, "F1"))
        found = thresholds_of([model.pk])[model.pk]

        assert answer.status_code == 302
        assert (found.worse_by, found.truths_seconds, found.drift_seconds) == (None, 60.0, 3_600.0)
        assert found.limits == (Limit("F1", True, 0.7),)

    def test_take_no_metric_that_the_model_does_not_have(
        self, instance: Instance, admin_client: Client
    ) -> None:
        instance.upload("m")

        answer = admin_client.post(
            "/admin/monitoring/modelthresholds/add/", _form(ServedModel.objects.get(), "MAE")
        )

        assert "must be one of Accuracy, " in answer.content.decode()
        assert not ModelThresholds.objects.exists()

    def test_decide_what_clients_are_told(self, instance: Instance, client: Client) -> None:
        instance.upload("m")
        instance.predict("p", "m", x=1.0)
        ModelThresholds.objects.create(model=ServedModel.objects.get(), truths_seconds=1e-9, stuck_seconds=0)

        (told,) = client.get("/api/models?details=1").json()["details"]

        assert told["status"] == "no truths"
        first, second = told["reasons"]
        assert first["rule"] == "no truths"
        assert first["text"] == "no ground truth for 0 minutes, 1 predictions wait"
        assert first["since"] > 0
        assert (second["rule"], second["since"]) == ("learning", None)

    def test_tell_of_a_model_that_does_not_load(self, instance: Instance, client: Client) -> None:
        instance.upload("m")
        Snapshot.objects.update(signature="0" * 64)

        with pytest.raises(ModelNotLoadable):
            instance.predict("p", "m", x=1.0)
        (told,) = client.get("/api/models?details=1").json()["details"]

        assert told["status"] == "not loadable"
