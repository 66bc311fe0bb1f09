"""What clients manage is in the audit trail: every route that takes the scope for it."""

import pickle
from typing import Any

from river import linear_model

from tests.access import test_audit as trail
from tests.servers.clients import Client
from tests.servers.databases import put_alert
from tests.servers.servers import Server

MODEL = pickle.dumps(linear_model.LogisticRegression())
ONE = "/api/model/<str:name>"
#: Action and body of each, in an order in which they can be done.
ACTS: dict[tuple[str, str], tuple[str, bytes | None]] = {
    ("POST", "/api/init"): ("init", b'{"flavor": "binary"}'),
    ("POST", "/api/model"): ("upload", MODEL),
    ("GET", "/api/model"): ("download", None),
    ("POST", ONE): ("upload", MODEL),
    ("GET", ONE): ("download", None),
    ("PATCH", f"{ONE}/settings"): ("keep_features", b'{"features_kept": "none"}'),
    ("PUT", f"{ONE}/contract"): ("set_contract", b'{"properties": {"x": {"type": "number"}}}'),
    ("POST", f"{ONE}/contract"): ("change_contract", b'{"frozen": false}'),
    ("POST", f"{ONE}/forget"): ("forget", b'{"id": 1}'),
    ("POST", f"{ONE}/snapshots"): ("snapshot", None),
    ("POST", f"{ONE}/rollback"): ("roll_back", b'{"seq": 0}'),
    ("POST", f"{ONE}/default"): ("make_default", None),
    ("POST", f"{ONE}/release"): ("release", None),
    ("POST", f"{ONE}/notes"): ("write_note", b'{"text": "A note."}'),
    ("DELETE", f"{ONE}/notes?id=1"): ("delete_note", None),
    ("POST", f"{ONE}/mutes"): ("mute_alerts", b'{"kind": "drift", "seconds": 60}'),
    ("DELETE", f"{ONE}/mutes?kind=drift"): ("unmute_alerts", None),
    ("POST", "/api/alerts/<str:alert_id>/acknowledge"): ("acknowledge_alert", b'{"note": "Seen."}'),
    ("DELETE", ONE): ("delete", None),
}


def entries(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/audit?limit=1000").json["entries"]
    return found


class TestRoutes:
    def test_have_all_an_act_here(self) -> None:
        assert {(method, address.partition("?")[0]) for method, address in ACTS} == trail.TestRoutes.ACTS

    def test_are_in_the_trail_once_for_each_act(self, server: Server, client: Client) -> None:
        for (method, address), (action, body) in ACTS.items():
            if action == "snapshot":
                # One that is there already is no act.
                client.learn(model="house", features={"x": 1.0}, ground_truth=True)
            before = {entry["id"] for entry in entries(client)}
            alert_id = put_alert(server.database, "house") if action == "acknowledge_alert" else 0
            path = address.replace("<str:name>", "house").replace("<str:alert_id>", str(alert_id))

            answer = client.request(method, path, body)

            assert answer.status < 300, (method, address, answer)
            (entry,) = [entry for entry in entries(client) if entry["id"] not in before]
            assert (entry["action"], entry["actor"], entry["origin"]) == (action, "anybody", "127.0.0.1")

    def test_are_not_in_the_trail_where_they_are_refused(self, client: Client) -> None:
        client.init("binary")
        before = entries(client)

        for method, address in ACTS:
            answer = client.request(method, address.replace("<str:name>", "house"), b"[]")
            assert answer.status >= 400, (method, address)

        assert entries(client) == before
