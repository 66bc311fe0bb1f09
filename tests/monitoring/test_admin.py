import pytest
from django.test import Client
from django.utils import timezone

from monitoring.models import CallStatistics


@pytest.fixture
def row(db: None) -> CallStatistics:
    return CallStatistics.objects.create(
        route="predict", n_calls=12, mean_ns=3_408_682.0, ewm_ns=1000.4, updated_at=timezone.now()
    )


class TestCallStatisticsAdmin:
    def test_shows_durations_for_people(self, admin_client: Client, row: CallStatistics) -> None:
        page = admin_client.get("/admin/monitoring/callstatistics/").content.decode()
        assert "3ms408μs682ns" in page
        assert "1μs" in page

    def test_shows_a_route(self, admin_client: Client, row: CallStatistics) -> None:
        response = admin_client.get("/admin/monitoring/callstatistics/predict/change/")
        assert response.status_code == 200
        assert "predict: 12 calls" in response.content.decode()

    @pytest.mark.parametrize("action", ["add/", "predict/delete/"])
    def test_neither_adds_nor_deletes(self, admin_client: Client, row: CallStatistics, action: str) -> None:
        assert admin_client.get(f"/admin/monitoring/callstatistics/{action}").status_code == 403

    def test_changes_nothing(self, admin_client: Client, row: CallStatistics) -> None:
        url = "/admin/monitoring/callstatistics/predict/change/"
        assert admin_client.post(url, {"n_calls": 1}).status_code == 403
        row.refresh_from_db()
        assert row.n_calls == 12
