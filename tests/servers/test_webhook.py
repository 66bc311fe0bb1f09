"""The webhook: what arrives at a receiver, whatever happens on the way."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.monitoring.webhook.receivers import SECRET, Receiver, receiving
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.scraping import scrape, value
from tests.servers.servers import Server, run_manage
from tests.servers.test_contract import regression
from tests.servers.test_drift import all_alerts as alerts
from tests.servers.waiting import wait_until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def settings(receiver: Receiver, **others: str) -> dict[str, str]:
    return {
        "ALERT_WEBHOOK_URL": f"http://localhost:{receiver.port}/hook",
        "ALERT_WEBHOOK_SECRET": SECRET,
        "ALERT_WEBHOOK_ALLOW_PRIVATE": "on",
        **others,
    }


def start_with(start: Start, receiver: Receiver, **others: str) -> Server:
    variables: Any = settings(receiver, **others)
    return start(**variables)


def drift_in(client: Client, name: str) -> None:
    """Upload a model, and change what it learns from; return when the alert is written down."""
    client.upload(regression(), name)
    records = [{"features": {"x": 1}, "ground_truth": 100 * (n > 300), "model": name} for n in range(600)]
    answer = client.request("POST", "/api/learn", json.dumps(records).encode())
    assert answer.status == 201
    # Last comes that of the status which the others make it have.
    wait_until(lambda: bool(alerts(client, f"?model={name}&kind=drifting")))


def failures(client: Client) -> float:
    return value(scrape(client), "alert_delivery_failures_total") or 0


def delivered(client: Client) -> float | None:
    return value(scrape(client), "alert_deliveries", state="delivered")


class TestWebhook:
    def test_brings_each_alert(self, start: Start, receiver: Receiver) -> None:
        server = start_with(start, receiver)
        with server.client() as client:
            client.init("regression")
            drift_in(client, "m")
            found = alerts(client)
            wait_until(lambda: delivered(client) == len(found))

        assert [received.json["data"] for received in receiver.received] == found[::-1]
        assert {received.json["type"] for received in receiver.received} == {"alert.opened"}
        assert all(received.is_signed for received in receiver.received)
        assert {received.path for received in receiver.received} == {"/hook"}

    def test_brings_the_end_of_each_alert_but_nothing_of_those_that_are_muted(
        self, start: Start, receiver: Receiver
    ) -> None:
        server = start_with(start, receiver)
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "m")
            answer = client.post("/api/model/m/mutes", kind="drifting", seconds=3600)
            assert (answer.status, answer.json["kind"]) == (201, "drifting")
            drift_in(client, "m")
            found = alerts(client, "?model=m&kind=drift")
            newest = found[0]["id"]
            answer = client.post(f"/api/alerts/{newest}/acknowledge", note="The pump.")
            assert (answer.json["state"], answer.json["note"]) == ("acknowledged", "The pump.")

            client.upload(regression(), "m")
            wait_until(lambda: len(alerts(client, "?kind=drift&state=resolved")) == len(found))
            wait_until(lambda: delivered(client) == 2 * len(found))
            muted = alerts(client, "?kind=drifting")

        assert [alert["is_muted"] for alert in muted] == [True]
        bodies = [received.json for received in receiver.received]
        assert all(received.is_signed for received in receiver.received)
        for kind, state in (("alert.opened", "open"), ("alert.resolved", "resolved")):
            data = [body["data"] for body in bodies if body["type"] == kind]
            assert {alert["id"] for alert in data} == {alert["id"] for alert in found}
            assert {(alert["kind"], alert["state"]) for alert in data} == {("drift", state)}
        ended = [body["data"] for body in bodies if body["type"] == "alert.resolved"]
        assert {alert["resolution"] for alert in ended} == {"ended by an upload"}
        assert [alert["note"] for alert in ended if alert["id"] == newest] == ["The pump."]

    @pytest.mark.parametrize("clean", [True, False])
    def test_brings_what_was_not_taken_before_a_restart(
        self, start: Start, receiver: Receiver, clean: bool
    ) -> None:
        server = start_with(start, receiver)
        receiver.status = 500
        with server.client() as client:
            client.init("regression")
            drift_in(client, "m")
            found = alerts(client)
            # Not before it is written down: what is killed in the middle of an attempt waits for a minute.
            wait_until(lambda: failures(client) >= len(found))
        if clean:
            server.stop()
        else:
            server.kill()
        receiver.status = 200
        server.start()
        with server.client() as client:
            wait_until(lambda: delivered(client) == len(found))
            samples = scrape(client)

        ids = [received.headers["webhook-id"] for received in receiver.received]
        assert len(set(ids)) == len(found) < len(ids)
        assert value(samples, "alert_deliveries", state="waiting") == 0
        assert "an alert was not delivered" in server.log

    def test_holds_up_nothing_where_the_receiver_hangs(self, start: Start, receiver: Receiver) -> None:
        server = start_with(start, receiver)
        receiver.behave = receiver.hang
        with server.client() as client:
            client.init("regression")
            drift_in(client, "m")
            wait_until(lambda: bool(receiver.received))

            drift_in(client, "other")

            assert client.learn(features={"x": 1}, ground_truth=1).status == 201
        assert server.stop() == 0
        assert "did not stop in time" not in server.log

    def test_goes_to_no_private_address_unless_that_is_allowed(
        self, start: Start, receiver: Receiver
    ) -> None:
        server = start_with(start, receiver, ALERT_WEBHOOK_ALLOW_PRIVATE="off")
        with server.client() as client:
            client.init("regression")
            drift_in(client, "m")
            wait_until(lambda: "which is not public" in server.log)

        assert receiver.received == []

    def test_is_no_matter_where_none_is_set(self, server: Server, client: Client) -> None:
        client.init("regression")
        drift_in(client, "m")

        assert value(scrape(client), "alert_deliveries", state="waiting") == 0

    def test_forgets_what_is_erased(self, start: Start, receiver: Receiver) -> None:
        server = start_with(start, receiver)
        receiver.status = 500
        with server.client() as client:
            client.init("regression")
            drift_in(client, "m")
            wait_until(lambda: bool(receiver.received))
            client.init("regression")

            assert value(scrape(client), "alert_deliveries", state="waiting") == 0


class TestCommand:
    def test_says_what_came_back(self, server: Server, receiver: Receiver) -> None:
        done = run_manage(server.instance, "test_webhook", **settings(receiver))

        (received,) = receiver.received
        assert done.returncode == 0, done.stderr
        assert f"took {received.headers['webhook-id']}: it answered 204 ''." in done.stdout
        assert (received.json["type"], received.is_signed) == ("test", True)

    def test_fails_where_the_receiver_does(self, server: Server, receiver: Receiver) -> None:
        receiver.status = 404

        done = run_manage(server.instance, "test_webhook", **settings(receiver))

        assert done.returncode == 1
        assert "did not take the message: it answered 404" in done.stderr

    def test_fails_where_no_webhook_is_set(self, server: Server) -> None:
        done = server.manage("test_webhook")

        assert (done.returncode, "ALERT_WEBHOOK_URL is not set." in done.stderr) == (1, True)

    def test_says_at_the_start_that_the_secret_is_missing(self, server: Server, receiver: Receiver) -> None:
        secretless = settings(receiver, ALERT_WEBHOOK_SECRET="")

        done = run_manage(server.instance, "test_webhook", **secretless)

        assert done.returncode != 0
        assert "ALERT_WEBHOOK_URL is set, but ALERT_WEBHOOK_SECRET is not" in done.stderr
