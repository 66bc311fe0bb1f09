"""Each command of ours, and all that the admin lets people do: in the audit trail, or named with why not."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command, get_commands
from django.db.models import Model
from django.test import Client, RequestFactory
from django.utils import timezone
from river import bandit, linear_model

from access.models import ApiToken
from models_app.admin.held_features import HeldFeatures
from models_app.domain.errors import StorageUnavailable
from models_app.models import AuditEntry, PendingPrediction, ServedModel, Snapshot
from models_app.services import auditing, uploading
from monitoring.models import DriftPlan, ModelThresholds
from tests.admin.conftest import client
from tests.services.instances import Instance, instance

__all__ = ["client", "instance"]

MODEL = pickle.dumps(linear_model.LogisticRegression())
PASSWORD = "a long enough secret 7"
OURS = ("models_app", "monitoring", "access")


def last() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


def _refuse(**_: object) -> None:
    raise StorageUnavailable("The disk is full.")


class TestCommands:
    #: What manages nothing: it learns, predicts, reads, or is about files that no instance has.
    READS: ClassVar = {
        "copy_instance": "begins an instance: its own tests look at the entry there",
        "end_shards": "ends processes, which servers start anew",
        "evaluate_policy": "reads",
        "learn": "learns, as clients do",
        "list_models": "reads",
        "list_tokens": "reads",
        "make_upload_key": "writes a file",
        "predict": "predicts, as clients do",
        "restore": "begins an instance: its own tests look at the entry there",
        "routes": "reads",
        "runserver": "serves",
        "serve": "serves; with --setup it is setup",
        "shard": "serves",
        "sign_model": "reads a file",
        "sweep_snapshots": "removes what is no part of the instance",
        "test_webhook": "posts a message that is about nothing",
        "verify_journal": "reads",
    }

    @staticmethod
    def acts(folder: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield actions in an order in which they can be done, each with its command."""
        file, schema = folder / "model.pickle", folder / "schema.json"
        file.write_bytes(MODEL)
        schema.write_text('{"properties": {"area": {"type": "number"}}}')
        yield "upload", "add_model", (str(file), "--name", "x")
        yield "download", "export_model", ("x", str(folder / "out"))
        yield "snapshot", "snapshot_models", ("learned",)
        yield "roll_back", "roll_back", ("learned", "--seq", "0")
        yield "replay", "replay", ("learned", "--generation", "1")
        yield "forget", "forget", ("learned", "--id", "learned-0")
        yield "watch_drift", "watch_drift", ("x",)
        yield "release", "release", ("x",)
        yield "set_contract", "feature_contract", ("x", "--file", str(schema))
        yield "change_contract", "feature_contract", ("x", "--thaw")
        yield "keep_features", "keep_features", ("x", "hashed")
        yield "reward_missing", "reward_missing", ("--model", "policy", "--after", "0s", "--reward", "0")
        yield "delete", "delete_model", ("x",)
        yield "discard_predictions", "prune_predictions", ("--older-than", "1d")
        yield "resign_models", "resign_models", ()
        yield "create_token", "create_token", ("t", "--scope", "read")
        yield "revoke_token", "revoke_token", ("t",)
        yield "add_user", "setup", ()
        yield "add_user", "createsuperuser", ("--no-input", "--username", "eve", "--email", "eve@example.org")
        yield "change_user", "changepassword", ("eve",)
        yield "backup", "backup", (str(folder / "backup.tar"),)
        yield "init", "init", ("binary", "--no-input")

    def test_are_in_the_trail_by_the_system_s_user(
        self, instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        monkeypatch.setattr("getpass.getpass", lambda *_, **__: PASSWORD)
        instance.upload("learned")
        instance.run("learned", 3)
        instance.upload("policy", bandit.EpsilonGreedy(epsilon=0.1), flavor="bandit")
        for action, command, arguments in self.acts(tmp_path):
            call_command(command, *arguments)

            entry = last()
            assert (entry.action, entry.origin) == (action, f"manage.py {command}")
            assert entry.actor.startswith("system user '")
            assert PASSWORD not in str(entry.details)

    @pytest.mark.parametrize(
        ("command", "arguments"),
        [
            ("setup", ()),
            ("createsuperuser", ("--no-input", "--username", "eve", "--email", "eve@example.org")),
            ("changepassword", ("bob",)),
        ],
    )
    def test_change_no_user_without_an_entry(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch, command: str, arguments: tuple[str, ...]
    ) -> None:
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        monkeypatch.setattr("getpass.getpass", lambda *_, **__: PASSWORD)
        users = get_user_model().objects
        users.create_user("bob", password="another secret 8")
        before = list(users.values_list("username", "password"))
        monkeypatch.setattr(auditing, "record", _refuse)

        with pytest.raises(CommandError, match="full"):
            call_command(command, *arguments)

        assert list(users.values_list("username", "password")) == before

    def test_are_all_here(self, tmp_path: Path) -> None:
        ours = {name for name, app in get_commands().items() if app in OURS}
        acting = {command for _, command, _ in self.acts(tmp_path)}

        assert acting | self.READS.keys() == ours
        assert not acting & self.READS.keys()


def request_of_superuser() -> Any:
    request = RequestFactory().get("/admin/")
    request.user = get_user_model()(username="ada", is_superuser=True, is_staff=True, is_active=True)
    return request


def doings() -> Iterator[tuple[str, str]]:
    """Yield all that the admin lets somebody do: the table, and an action of its list or a page."""
    request = request_of_superuser()
    for kind, model_admin in admin.site._registry.items():
        table, row = kind._meta.model_name or "", kind()
        yield from ((table, action) for action in model_admin.get_actions(request))
        allowed = {
            "add": model_admin.has_add_permission(request),
            "change": model_admin.has_change_permission(request, row),
            "delete": model_admin.has_delete_permission(request, row),
        }
        yield from ((table, page) for page, is_allowed in allowed.items() if is_allowed)
        prefix = f"{kind._meta.app_label}_{table}_"
        pages = {url.name.removeprefix(prefix) for url in model_admin.get_urls() if url.name}
        yield from ((table, page) for page in pages - {"changelist", "history", *allowed})


class Admin:
    """The doings of somebody who has logged in."""

    def __init__(self, browser: Client) -> None:
        self._browser = browser

    def act(self, row: Model, action: str, **more: str) -> None:
        """Do an action of the list with one row."""
        form = {"action": action, "_selected_action": str(row.pk), **more}
        self._browser.post(f"/admin/{self._table(row)}/", form)

    def page(self, row: Model, page: str, **form: Any) -> None:
        """Send a row's page."""
        self._browser.post(f"/admin/{self._table(row)}/{row.pk}/{page}/", form)

    def get(self, row: Model, page: str) -> None:
        """Look at a row's page."""
        self._browser.get(f"/admin/{self._table(row)}/{row.pk}/{page}/")

    def add(self, kind: type[Model], **form: Any) -> None:
        """Send the page that adds a row."""
        self._browser.post(f"/admin/{self._table(kind)}/add/", form)

    @staticmethod
    def _table(kind: Model | type[Model]) -> str:
        return f"{kind._meta.app_label}/{kind._meta.model_name}"


def _user(name: str) -> dict[str, Any]:
    return {"username": name, "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}


def _plan(model: ServedModel) -> dict[str, Any]:
    return {"model": model.pk, "is_on": "on", "detector": "ADWIN", "parameters": "{}"}


def _thresholds(model: ServedModel) -> dict[str, Any]:
    management = {"limits-TOTAL_FORMS": "1", "limits-INITIAL_FORMS": "0"}
    return {
        "model": model.pk,
        "p99_ms": "20",
        **management,
        "limits-0-metric": "",
        "limits-0-is_lowest": "True",
    }


def _moments(user: Any) -> dict[str, Any]:
    return {"username": user.username, "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}


class TestAdmin:
    @staticmethod
    def acts(do: Admin, folder: Path) -> Iterator[tuple[str, str, str]]:
        """Do all that can be done; yield the table, what was done, and the action of the trail."""
        file = folder / "model.pickle"
        file.write_bytes(MODEL)

        def model(name: str) -> ServedModel:
            return ServedModel.objects.get(name=name)

        with file.open("rb") as upload:
            do.add(ServedModel, file=upload, name="y", flavor="binary", metrics="", signature="")
        yield "servedmodel", "add", "upload"
        do.act(model("learned"), "make_default")
        yield "servedmodel", "make_default", "make_default"
        do.act(model("learned"), "take_snapshots")
        yield "servedmodel", "take_snapshots", "snapshot"
        do.act(model("learned"), "release")
        yield "servedmodel", "release", "release"
        do.act(model("learned"), "download_models")
        yield "servedmodel", "download_models", "download"
        do.get(model("learned"), "download")
        yield "servedmodel", "download", "download"
        for action in ("show_features", "hash_features", "hide_features", "show_features_by_setting"):
            do.act(model("learned"), action)
            yield "servedmodel", action, "keep_features"
        for action in HeldFeatures.CONTRACT_ACTIONS:
            do.act(model("learned"), action)
            yield "servedmodel", action, "change_contract"
        snapshot = Snapshot.objects.filter(model=model("learned")).order_by("seq")[0]
        do.get(snapshot, "download")
        yield "snapshot", "download", "download"
        do.page(snapshot, "roll-back")
        yield "snapshot", "roll_back", "roll_back"
        do.page(PendingPrediction.objects.get(pk="a"), "delete", post="yes")
        yield "pendingprediction", "delete", "discard_predictions"
        do.act(PendingPrediction.objects.get(pk="b"), "delete_selected", post="yes")
        yield "pendingprediction", "delete_selected", "discard_predictions"
        do.add(DriftPlan, **_plan(model("y")))
        yield "driftplan", "add", "watch_drift"
        do.page(DriftPlan.objects.get(), "change", **_plan(model("y")))
        yield "driftplan", "change", "watch_drift"
        do.page(DriftPlan.objects.get(), "delete", post="yes")
        yield "driftplan", "delete", "watch_drift"
        do.act(DriftPlan.objects.create(model=model("y")), "delete_selected", post="yes")
        yield "driftplan", "delete_selected", "watch_drift"
        do.add(ModelThresholds, **_thresholds(model("y")))
        yield "modelthresholds", "add", "set_thresholds"
        do.page(ModelThresholds.objects.get(), "change", **_thresholds(model("y")))
        yield "modelthresholds", "change", "set_thresholds"
        do.page(ModelThresholds.objects.get(), "delete", post="yes")
        yield "modelthresholds", "delete", "set_thresholds"
        do.act(ModelThresholds.objects.create(model=model("y")), "delete_selected", post="yes")
        yield "modelthresholds", "delete_selected", "set_thresholds"
        do.add(ApiToken, name="t", scopes=["read"], models="")
        yield "apitoken", "add", "create_token"
        do.act(ApiToken.objects.get(), "revoke")
        yield "apitoken", "revoke", "revoke_token"
        users = get_user_model().objects
        do.add(get_user_model(), **_user("bob"))
        yield "user", "add", "add_user"
        bob = users.get(username="bob")
        do.page(bob, "change", **_moments(bob))
        yield "user", "change", "change_user"
        do.page(bob, "password", **_user("bob"))
        yield "user", "password_change", "change_user"
        do.page(bob, "delete", post="yes")
        yield "user", "delete", "delete_user"
        do.act(users.create_user("eve"), "delete_selected", post="yes")
        yield "user", "delete_selected", "delete_user"
        do.add(Group, name="one")
        yield "group", "add", "add_group"
        do.page(Group.objects.get(name="one"), "change", name="two")
        yield "group", "change", "change_group"
        do.page(Group.objects.get(name="two"), "delete", post="yes")
        yield "group", "delete", "delete_group"
        do.act(Group.objects.create(name="three"), "delete_selected", post="yes")
        yield "group", "delete_selected", "delete_group"
        do.page(model("y"), "delete", post="yes")
        yield "servedmodel", "delete", "delete"
        do.act(model("learned"), "delete_selected", post="yes")
        yield "servedmodel", "delete_selected", "delete"

    def test_is_in_the_trail_with_all_that_it_lets_somebody_do(
        self, instance: Instance, client: Client, tmp_path: Path
    ) -> None:
        uploading.upload_model(data=MODEL, name="learned", now=timezone.now())
        instance.run("learned", 3)
        for prediction_id in ("a", "b"):
            instance.predict(prediction_id, "learned")
        done, n_before = set(), AuditEntry.objects.count()

        for table, what, action in self.acts(Admin(client), tmp_path):
            n_now = AuditEntry.objects.count()
            entry = last()
            assert (entry.action, entry.actor, entry.origin) == (action, "user 'ada'", "127.0.0.1"), what
            assert n_now == n_before + 1, (table, what)
            done.add((table, what))
            n_before = n_now

        assert done == set(doings())
