import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from models_app.domain.actors import Actor, acting
from models_app.domain.errors import AlertNotFound
from models_app.models import AuditEntry
from monitoring.alerting import mutes
from monitoring.alerting.keeping import acknowledge, resolve
from monitoring.alerting.lists import Chosen, list_alerts, unresolved_counts
from monitoring.models import AlertDelivery, AlertMute, DriftAlert
from monitoring.models.alerts import STATUS
from tests.monitoring.alerting.alerts import opened
from tests.monitoring.webhook.receivers import SECRET
from tests.services.instances import Instance


@pytest.fixture(autouse=True)
def m(instance: Instance) -> str:
    return instance.upload("m")


@pytest.fixture(autouse=True)
def webhook(settings: pytest.FixtureRequest) -> None:
    settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_SECRET = "https://example.org", SECRET  # type: ignore[attr-defined]


def by(name: str) -> Iterator[None]:
    return acting(lambda: Actor(name))  # type: ignore[return-value]


def sent() -> list[tuple[str, int]]:
    messages = [json.loads(row.body) for row in AlertDelivery.objects.order_by("pk")]
    return [(message["type"], message["data"]["id"]) for message in messages]


def history(alert: DriftAlert) -> list[tuple[str, str, str]]:
    return list(alert.history.order_by("pk").values_list("action", "actor", "text"))


class TestAcknowledge:
    def test_says_who_has_seen_it_and_keeps_what_they_say(self) -> None:
        alert = opened()
        with by("user 'ada'"):  # type: ignore[attr-defined]
            acknowledge(alert_id=alert.pk, note="The pump.", now=timezone.now())
        with by("user 'bob'"):  # type: ignore[attr-defined]
            acknowledge(alert_id=alert.pk, note="", now=timezone.now())

        alert.refresh_from_db()
        assert (alert.state, alert.acknowledged_by, alert.note) == ("acknowledged", "user 'bob'", "")
        assert history(alert) == [
            ("opened", "the server", ""),
            ("acknowledged", "user 'ada'", "The pump."),
            ("acknowledged", "user 'bob'", ""),
        ]
        assert AuditEntry.objects.filter(action="acknowledge_alert", model="m").count() == 2

    def test_refuses_what_is_no_alert(self) -> None:
        with pytest.raises(AlertNotFound, match="No alert with the id '77'"):
            acknowledge(alert_id=77, note="", now=timezone.now())

        assert not AuditEntry.objects.filter(action="acknowledge_alert").exists()


class TestResolve:
    def test_ends_an_alert_once(self) -> None:
        alert, now = opened(), timezone.now()

        first = resolve({alert.pk: "quiet"}, now=now)
        again = resolve({alert.pk: "something else"}, now=now)

        assert ([each.pk for each in first], again) == ([alert.pk], [])
        alert.refresh_from_db()
        assert (alert.state, alert.resolution) == ("resolved", "quiet")
        assert history(alert)[1:] == [("resolved", "the server", "quiet")]
        assert sent() == [("alert.opened", alert.pk), ("alert.resolved", alert.pk)]


class TestMutes:
    def test_keep_alerts_of_their_kind_from_the_webhook(self) -> None:
        now = timezone.now()
        mutes.mute(name="m", kind="drift", until=now + timedelta(hours=1))

        muted = opened(now=now)
        other = opened(now=now, kind="warning")
        later = opened(now=now + timedelta(hours=2), seq=2)
        resolve({muted.pk: "quiet", other.pk: "quiet"}, now=now + timedelta(hours=2))

        assert [row.is_muted for row in DriftAlert.objects.order_by("pk")] == [True, False, False]
        assert sent() == [
            ("alert.opened", other.pk), ("alert.opened", later.pk), ("alert.resolved", other.pk),
        ]  # fmt: skip

    def test_are_one_of_a_kind_and_end(self) -> None:
        now = timezone.now()
        for hours in (1, 2):
            mutes.mute(name="m", kind="drift", until=now + timedelta(hours=hours))
        mutes.mute(name="m", kind="stuck", until=now + timedelta(hours=4))

        (drift, stuck) = mutes.mutes_of(name="m", now=now)
        assert (drift.kind, drift.until, stuck.kind) == ("drift", now + timedelta(hours=2), "stuck")
        mutes.discard_ended(now=now + timedelta(hours=3))
        assert [row.kind for row in AlertMute.objects.all()] == ["stuck"]
        for _ in range(2):
            mutes.unmute(name="m", kind="stuck")
        assert mutes.mutes_of(name="m", now=now) == []
        actions = AuditEntry.objects.filter(action__contains="mute").order_by("pk")
        assert [entry.action for entry in actions] == [*["mute_alerts"] * 3, "unmute_alerts"]


class TestLists:
    def test_choose_by_state_kind_and_page(self) -> None:
        first, second, third = (opened(seq=seq) for seq in (1, 2, 3))
        other = opened(kind="warning")
        acknowledge(alert_id=second.pk, note="", now=timezone.now())
        resolve({third.pk: "quiet"}, now=timezone.now())

        def ids(**chosen: object) -> list[int]:
            return [alert.pk for alert in list_alerts(Chosen(**chosen), limit=10).alerts]  # type: ignore[arg-type]

        assert ids(state="open") == [other.pk, first.pk]
        assert ids(state="acknowledged") == [second.pk]
        assert ids(state="resolved") == [third.pk]
        assert ids(kind="drift", model="m") == [third.pk, second.pk, first.pk]
        page = list_alerts(Chosen(), limit=2)
        assert ([alert.pk for alert in page.alerts], page.next) == ([other.pk, third.pk], third.pk)
        rest = list_alerts(Chosen(before=page.next), limit=2)
        assert ([alert.pk for alert in rest.alerts], rest.next) == ([second.pk, first.pk], None)
        assert list(unresolved_counts().values()) == [3]


class TestTheDatabase:
    def test_has_one_open_alert_of_a_status(self) -> None:
        first = opened(kind="stuck", source=STATUS, detector="", value=None)
        with pytest.raises(IntegrityError), transaction.atomic():
            DriftAlert.objects.create(
                model_id=first.model_id, generation=1, seq=9, time=timezone.now(), kind="stuck", source=STATUS
            )
        resolve({first.pk: "over"}, now=timezone.now())

        again = opened(kind="stuck", source=STATUS, detector="", value=None)

        assert again.pk > first.pk
