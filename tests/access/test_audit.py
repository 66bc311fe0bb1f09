"""Whatever manages something is in the audit trail, with who did it."""

import json
import pickle
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from river import linear_model

from access import tokens
from models_app.domain import blobs
from models_app.domain.errors import ModelNotSuitable
from models_app.domain.scopes import MANAGE
from models_app.models import AuditEntry
from models_app.services import auditing, configuring, exporting, uploading
from tests.access.routes import routes
from tests.admin.conftest import client
from tests.services.instances import Instance, instance

__all__ = ["client", "instance"]

MODEL = pickle.dumps(linear_model.LogisticRegression())
PASSWORD = "a long enough secret 7"


def last() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


class TestRecord:
    def test_goes_with_what_it_is_about(self, instance: Instance) -> None:
        before = AuditEntry.objects.count()

        with suppress(ModelNotSuitable):
            uploading.upload_model(data=pickle.dumps([1]), name="x", now=timezone.now())

        assert AuditEntry.objects.count() == before

    def test_outlives_all_models(self, instance: Instance) -> None:
        instance.upload("one")
        configuring.set_flavor(flavor="binary", now=timezone.now())

        assert (last().action, last().actor, last().details) == ("init", "the server", {"flavor": "binary"})
        assert AuditEntry.objects.filter(action="upload").exists()

    def test_has_the_digest_of_what_came_and_went(self, instance: Instance) -> None:
        uploading.upload_model(data=MODEL, name="one", now=timezone.now())
        came = last()
        data = exporting.export_model(name="one")

        assert (came.action, came.model, came.digest) == ("upload", "one", blobs.sha256(MODEL))
        assert (last().action, last().digest) == ("download", blobs.sha256(data))


class TestPrune:
    def test_deletes_what_is_older(self, instance: Instance) -> None:
        auditing.record(action="old")
        AuditEntry.objects.update(acted_at=timezone.now() - timedelta(days=400))
        auditing.record(action="new")

        auditing.Pruner().tick()

        assert [entry.action for entry in AuditEntry.objects.all()] == ["new"]


class TestEntries:
    def test_are_filtered_and_paged_from_the_newest_on(self, instance: Instance) -> None:
        AuditEntry.objects.all().delete()
        begun = timezone.now()
        for number in range(5):
            auditing.record(action="a" if number % 2 else "b", model=f"m{number % 2}", number=number)

        page = auditing.entries(limit=2, action="b")

        assert [entry.details["number"] for entry in page.entries] == [4, 2]
        rest = auditing.entries(limit=2, action="b", before=page.next_place)
        assert ([entry.details["number"] for entry in rest.entries], rest.next_place) == ([0], None)
        assert len(auditing.entries(limit=9, model="m1", since=begun).entries) == 2
        assert auditing.entries(limit=9, until=begun).entries == []


class TestAdmin:
    def test_deletes_several_groups_and_each_is_written_down(
        self, instance: Instance, client: Client
    ) -> None:
        groups = [Group.objects.create(name=name) for name in ("one", "two")]
        form = {"action": "delete_selected", "_selected_action": [one.pk for one in groups], "post": "yes"}

        client.post("/admin/auth/group/", form)

        written = AuditEntry.objects.filter(action="delete_group", actor="user 'ada'")
        assert sorted(str(entry.details["name"]) for entry in written) == ["one", "two"]

    def test_shows_it_and_changes_nothing(self, instance: Instance, client: Client) -> None:
        auditing.record(action="upload", model="<b>")
        key = last().pk

        page = client.get("/admin/models_app/auditentry/?q=%3Cb").content.decode()

        assert "&lt;b&gt;" in page
        assert client.post(f"/admin/models_app/auditentry/{key}/change/", {"actor": "x"}).status_code == 403
        assert client.post(f"/admin/models_app/auditentry/{key}/delete/", {"post": "yes"}).status_code == 403


def _user(name: str) -> dict[str, Any]:
    return {"username": name, "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}


class TestSecrets:
    def test_are_in_none(self, instance: Instance, client: Client) -> None:
        made = tokens.create_token(name="t", scopes=["read"], now=timezone.now())
        client.post("/admin/auth/user/add/", _user("bob"))
        assert get_user_model().objects.filter(username="bob").exists()

        written = json.dumps(list(AuditEntry.objects.values("actor", "details")))

        assert made.secret not in written
        assert PASSWORD not in written


class TestRoutes:
    """Every route for who manages is here; `tests.servers.test_audit` has an act of each of `ACTS`."""

    READS = frozenset({("GET", "/api/audit")})
    ACTS = frozenset(
        {
            ("POST", "/api/init"),
            *((method, "/api/model") for method in ("GET", "POST")),
            *((method, "/api/model/<str:name>") for method in ("GET", "POST", "DELETE")),
            *((method, "/api/model/<str:name>/contract") for method in ("PUT", "POST")),
            ("PATCH", "/api/model/<str:name>/settings"),
            ("POST", "/api/model/<str:name>/forget"),
            *(
                ("POST", f"/api/model/<str:name>/{what}")
                for what in ("snapshots", "rollback", "default", "release")
            ),
            *((method, "/api/model/<str:name>/notes") for method in ("POST", "DELETE")),
            *((method, "/api/model/<str:name>/mutes") for method in ("POST", "DELETE")),
            ("POST", "/api/alerts/<str:alert_id>/acknowledge"),
        }
    )

    def test_are_all_tried(self) -> None:
        managing = {(method, address) for method, address, need in routes() if MANAGE in need.scopes}

        assert managing == self.READS | self.ACTS
