"""Going back to a snapshot from its page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from models_app.models import ServedModel, Snapshot
from models_app.services import snapshotting
from tests.admin.pages import html, list_url, messages, url
from tests.services.instances import Instance

ODD_NAME = "<script>alert(1)<b>"


@pytest.fixture
def snapshot(instance: Instance) -> Snapshot:
    """The snapshot at learn 3 of a model that has learned twice since, with one prediction pending."""
    instance.upload(ODD_NAME)
    instance.run(ODD_NAME, 3)
    snapshotting.take_snapshot(name=ODD_NAME)
    instance.run(ODD_NAME, 2)
    instance.predict("late", ODD_NAME)
    return Snapshot.objects.get(seq=3)


def place() -> tuple[int, int]:
    model = ServedModel.objects.get()
    return model.generation, model.seq


def confirm(client: Client, snapshot: Snapshot) -> Any:
    return client.post(url(snapshot, "roll_back"), follow=True)


class TestRollBack:
    def test_is_offered_on_the_snapshots_page(self, client: Client, snapshot: Snapshot) -> None:
        assert f'<a href="{url(snapshot, "roll_back")}">Roll back to this</a>' in html(client, url(snapshot))

    def test_is_asked_about_first(self, client: Client, snapshot: Snapshot) -> None:
        page = html(client, url(snapshot, "roll_back"))

        words = " ".join(page.split())
        assert "has learned 5 times, in generation 1" in words
        assert "at learn <b>3</b> of generation 1" in words
        assert "What is pending stays (1 now)" in words
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert place() == (1, 5)

    def test_is_done_once_it_is_confirmed(self, client: Client, snapshot: Snapshot) -> None:
        response = confirm(client, snapshot)

        assert response.redirect_chain[-1][0] == url(ServedModel.objects.get())
        assert messages(response) == [f"'{ODD_NAME}': Rolled back to learn 3 of generation 1."]
        assert "<script>alert(1)" not in response.content.decode()
        assert place() == (2, 3)
        assert LogEntry.objects.get().change_message == "Rolled back to learn 3 of generation 1."

    def test_says_why_it_is_refused(self, client: Client, snapshot: Snapshot) -> None:
        Snapshot.objects.filter(pk=snapshot.pk).update(signature="0" * 64)

        response = confirm(client, snapshot)

        assert response.redirect_chain[-1][0] == url(snapshot)
        assert "signature" in messages(response)[0]
        assert place() == (1, 5)

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_to_what_is_gone_is_said_to_be_impossible(
        self, client: Client, snapshot: Snapshot, method: str
    ) -> None:
        address = url(snapshot, "roll_back")
        snapshot.delete()

        response = getattr(client, method)(address, follow=True)

        assert response.redirect_chain[-1][0] == list_url(Snapshot)
        assert "not there any more" in messages(response)[0]
        assert place() == (1, 5)

    def test_needs_the_permission_to_change_models(
        self, snapshot: Snapshot, client_who_may: Callable[..., Client]
    ) -> None:
        client = client_who_may("view_snapshot")

        assert client.get(url(snapshot, "roll_back")).status_code == 403
        assert client.post(url(snapshot, "roll_back")).status_code == 403
        assert place() == (1, 5)

    def test_is_for_who_has_the_permission(
        self, snapshot: Snapshot, client_who_may: Callable[..., Client]
    ) -> None:
        client = client_who_may("view_snapshot", "change_servedmodel")

        confirm(client, snapshot)

        assert place() == (2, 3)
