"""A model in quarantine: where it is seen, and who may release it."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.principals import Principal
from models_app.api import needs
from models_app.models import AuditEntry, Suspicion
from models_app.services.quarantine.noting import ShardEnd, note_ends
from models_app.services.quarantine.releasing import quarantined
from monitoring.pages.rows import overview_rows
from tests.admin.pages import act, html, list_url, messages, url
from tests.admin.test_served import served
from tests.services.instances import Instance, instance
from web.access import current_principal

__all__ = ["instance"]


WHY = "at work at 3 ends of its process, the last of which was killed by SIGSEGV"


@pytest.fixture
def deadly(instance: Instance) -> str:
    """A model that has ended its process three times; `quiet` has not."""
    instance.upload("quiet")
    instance.upload("deadly")
    now = timezone.now()
    ends = [
        ShardEnd(names=["deadly"], how="was killed by SIGSEGV", ended_at=now - timedelta(seconds=seconds))
        for seconds in (3, 2, 1)
    ]
    note_ends(ends)
    return "deadly"


class TestAModelInQuarantine:
    def test_says_so_to_clients(self, deadly: str, client: Client) -> None:
        details = {model["name"]: model for model in client.get("/api/models?details=1").json()["details"]}
        figures = client.get(f"/api/stats?model={deadly}").json()

        since = Suspicion.objects.get().quarantined_at
        assert since is not None
        why = {"ends": 3, "how": "was killed by SIGSEGV", "since": since.timestamp()}
        assert details[deadly]["quarantine"] == figures["quarantine"] == why
        assert details["quiet"]["quarantine"] is None
        assert client.get("/api/stats?model=quiet").json()["quarantine"] is None

    def test_is_counted(self, deadly: str, client: Client) -> None:
        assert "\nchantilly_models_quarantined 1.0\n" in client.get("/metrics").content.decode()

    def test_comes_first_on_the_overview_with_the_reason(self, deadly: str) -> None:
        verdicts = {row.name: row.verdict for row in overview_rows()}

        assert (verdicts[deadly].status, verdicts[deadly].rank) == ("quarantined", 0)
        assert verdicts[deadly].reasons[0] == WHY
        assert verdicts["quiet"].status == "learning"

    def test_is_said_on_its_page_alone(self, deadly: str, client: Client) -> None:
        pages = {name: html(client, reverse("model-page", args=[name])) for name in (deadly, "quiet")}

        assert WHY in pages[deadly]
        assert 'data-url="/api/model/deadly/release"' in pages[deadly]
        assert 'id="quarantine"' not in pages["quiet"]

    @pytest.mark.parametrize(("scopes", "models"), [(["read"], []), (["read", "manage"], ["quiet"])])
    def test_is_no_button_for_who_may_not_release_it(
        self, deadly: str, client: Client, scopes: list[str], models: list[str]
    ) -> None:
        token = current_principal.set(Principal("somebody", scopes=scopes, patterns=models))
        try:
            page = html(client, reverse("model-page", args=[deadly]))
            may = needs.may_manage("quiet")
        finally:
            current_principal.reset(token)

        assert WHY in page
        assert '<button type="button" data-url' not in page
        assert may == ("manage" in scopes)

    def test_is_released_by_clients(self, deadly: str, client: Client) -> None:
        answers = [client.post(f"/api/model/{deadly}/release").json() for _ in range(2)]

        assert answers == [{"was_quarantined": True}, {"was_quarantined": False}]
        assert not quarantined()
        entry = AuditEntry.objects.filter(action="release").order_by("pk")[0]
        assert (entry.model, entry.details) == (deadly, {"was_quarantined": True})

    def test_is_released_by_a_command(self, deadly: str, capsys: pytest.CaptureFixture[str]) -> None:
        for _ in range(2):
            call_command("release", deadly)

        said = capsys.readouterr().out.splitlines()
        assert said == ["Released 'deadly'.", "'deadly' is not in quarantine."]
        assert not quarantined()

    def test_is_not_found_under_another_name(self, deadly: str, client: Client) -> None:
        answer = client.post("/api/model/nobody/release")

        assert answer.status_code == 404
        assert list(json.loads(answer.content)) == ["message"]
        assert list(quarantined()) == [deadly]

    def test_is_seen_and_released_in_the_admin(self, deadly: str, admin_client: Client) -> None:
        row = served(deadly)
        listed = html(admin_client, list_url(type(row)))
        shown = html(admin_client, url(row))
        done = act(admin_client, "release", row, served("quiet"))

        assert listed.count(">quarantined<") == 1
        assert WHY in shown
        assert messages(done) == ["'deadly' is served again.", "'quiet' was not in quarantine."]
        assert not quarantined()

    def test_is_in_quarantine_no_more_once_it_is_uploaded_anew(self, deadly: str, instance: Instance) -> None:
        instance.upload(deadly)

        assert not quarantined()
