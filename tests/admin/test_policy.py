"""Pages run under a policy that allows no inline script and no other host."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from models_app.models import JournalSegment, PendingPrediction, ServedModel, Snapshot
from monitoring.models import DriftPlan
from tests.admin.pages import add_url, html, list_url, url
from tests.services.instances import Instance


@pytest.fixture
def addresses(instance: Instance) -> list[str]:
    """One page of each kind."""
    instance.upload("model")
    instance.run("model", 2)
    instance.predict("open", "model")
    model = ServedModel.objects.get()
    kinds = (ServedModel, PendingPrediction, JournalSegment, Snapshot)
    rows = [kind._default_manager.order_by("-pk")[0] for kind in kinds]
    return [
        "/admin/",
        "/admin/auth/user/",
        add_url(ServedModel),
        url(model, "delete"),
        reverse("admin:monitoring_driftplan_change", args=[DriftPlan.objects.create(model=model).pk]),
        *map(list_url, kinds),
        *map(url, rows),
    ]


class TestPages:
    def test_have_no_inline_script_and_ask_no_other_host(self, addresses: list[str], client: Client) -> None:
        for address in addresses:
            response = client.get(address)
            page = response.content.decode()

            assert "'unsafe-eval'" not in response["Content-Security-Policy"]
            assert "script-src" not in response["Content-Security-Policy"]
            assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
            assert re.findall(r"\son\w+=", page) == []
            assert re.findall(r"(?:src|href)=\"(?:\w+:)?//[^\"]*", page) == []

    def test_have_an_icon_and_the_styles(self, addresses: list[str], client: Client) -> None:
        for address in addresses:
            page = html(client, address)

            assert "/static/monitoring/icon.svg" in page
            assert "/static/models_app/admin.css" in page
