import io
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from models_app.admin import rendering
from models_app.models import JournalSegment, PendingPrediction, ServedModel, Snapshot
from models_app.services import exporting, runtime, snapshotting
from models_app.services.measuring import model_metrics
from tests.admin.pages import act, add_url, html, list_url, messages, url
from tests.own_models import Frozen
from tests.services.instances import Instance, logistic
from tests.snapshots import as_written_by

ODD_NAME = "<script>alert(1)<b>\"'&"


def served(name: str) -> ServedModel:
    return ServedModel.objects.get(name=name)


def post_file(client: Client, content: bytes, *, file_name: str = "model.pickle", **fields: str) -> Any:
    file = SimpleUploadedFile(file_name, content)
    return client.post(add_url(ServedModel), {"file": file, **fields}, follow=True)


class TestList:
    def test_says_how_each_model_does(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.run("model", 3)
        instance.predict("pending", "model")
        snapshotting.take_snapshot(name="model")

        page = html(client, list_url(ServedModel))

        assert '<td class="field-learns">3</td>' in page
        assert '<td class="field-pending">1</td>' in page
        assert '<td class="field-default">✓</td>' in page
        assert "As of learn 3" in page
        assert "LogLoss 0." in page
        assert "minutes ago" in page

    @pytest.mark.parametrize("is_hot", [True, False])
    def test_shows_metrics_as_of_now_or_says_as_of_when(
        self, instance: Instance, client: Client, is_hot: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("model", "unlearned"):
            instance.upload(name)
        instance.run("model", 2)
        snapshotting.take_snapshot(name="model")
        then = rendering.metrics(Snapshot.objects.get(model__name="model", seq=2).metric_values)
        instance.run("model", 2)
        now = rendering.metrics(model_metrics(name="model"))
        if not is_hot:
            # As in a process that has just started.
            monkeypatch.setattr(runtime._runtime, "engine", None)

        page = html(client, list_url(ServedModel))

        assert (f'title="As of learn 4">{now}</div>' in page) == is_hot
        assert (f'title="As of learn 2">{then} (as of learn 2 of 4)</div>' in page) != is_hot

    def test_asks_the_database_as_often_for_ten_models_as_for_one(
        self, instance: Instance, client: Client
    ) -> None:
        instance.upload("model")
        html(client, list_url(ServedModel))
        with CaptureQueriesContext(
            connection,
        ) as one:
            html(client, list_url(ServedModel))
        for i in range(9):
            instance.upload(f"model-{i}")

        with CaptureQueriesContext(connection) as ten:
            html(client, list_url(ServedModel))

        assert len(ten) == len(one)

    def test_reads_no_model_bytes(self, instance: Instance, client: Client) -> None:
        instance.upload("model")

        with CaptureQueriesContext(connection) as queries:
            html(client, list_url(ServedModel))

        assert not [query["sql"] for query in queries if "model_bytes" in query["sql"]]

    def test_does_not_start_an_engine(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        runtime.stop_engine(seconds=10)

        html(client, list_url(ServedModel))

        assert not runtime.engine_is_running()

    @pytest.mark.parametrize("column", range(1, 11))
    def test_sorts_by_every_column(self, instance: Instance, client: Client, column: int) -> None:
        instance.upload("one")
        instance.upload("two")

        assert "2 served models" in html(client, f"{list_url(ServedModel)}?o=-{column}")

    def test_finds_by_a_part_of_the_name(self, instance: Instance, client: Client) -> None:
        instance.upload("tender-caramel")
        instance.upload("sour-cherry")

        page = html(client, f"{list_url(ServedModel)}?q=cara")

        assert "tender-caramel" in page
        assert "sour-cherry" not in page

    def test_escapes_names(self, instance: Instance, client: Client) -> None:
        instance.upload(ODD_NAME)
        instance.predict("1", ODD_NAME)

        for address in (
            list_url(ServedModel),
            url(served(ODD_NAME)),
            url(served(ODD_NAME), "delete"),
            list_url(PendingPrediction),
            list_url(Snapshot),
        ):
            page = html(client, address)
            assert "<script>alert(1)" not in page
            assert "&lt;script&gt;alert(1)" in page


class TestDetail:
    def test_reports_the_metrics_as_of_now(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.run("model", 3)

        page = html(client, url(served("model")))

        assert "LogLoss 0." in page

    def test_says_why_a_model_does_not_load(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        as_written_by(river="0.1.0")

        assert "was taken under River 0.1.0" in html(client, url(served("model")))

    @pytest.mark.parametrize("kind", [PendingPrediction, JournalSegment, Snapshot])
    def test_leads_to_what_belongs_to_it(self, instance: Instance, client: Client, kind: Any) -> None:
        for name in ("model", "other"):
            instance.upload(name)
            instance.run(name, 1)
            instance.predict(f"{name}-pending", name)
        address = f"{list_url(kind)}?model={served('model').pk}"

        assert address in html(client, url(served("model")))
        response = client.get(address)
        shown = response.context["cl"].result_list
        assert {row.model.name for row in shown} == {"model"}

    def test_cannot_be_edited(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        model = served("model")

        assert client.post(url(model), {"name": "other", "flavor": "regression"}).status_code == 403

        model.refresh_from_db()
        assert (model.name, model.flavor) == ("model", "binary")

    def test_gives_the_model_as_it_is_now(self, instance: Instance, client: Client) -> None:
        instance.upload(ODD_NAME)
        instance.run(ODD_NAME, 2)

        response = client.get(url(served(ODD_NAME), "download"))

        assert pickle.loads(response.content)["StandardScaler"].counts["x"] == 2
        assert response["Content-Disposition"].startswith("attachment; filename=")

    def test_goes_back_to_the_page_where_the_model_does_not_load(
        self, instance: Instance, client: Client
    ) -> None:
        instance.upload("model")
        Snapshot.objects.update(signature="0" * 64)

        response = client.get(url(served("model"), "download"), follow=True)

        assert "signature" in messages(response)[0]

    def test_has_nothing_to_download_for_a_model_that_is_gone(self, client: Client) -> None:
        gone = reverse("admin:models_app_servedmodel_download", args=[1])

        assert client.get(gone).status_code == 404


class TestUpload:
    def test_serves_the_model_under_the_name(self, instance: Instance, client: Client) -> None:
        response = post_file(client, pickle.dumps(logistic()), name="mine")

        assert messages(response) == ["'mine' is served from now on, by default."]
        assert served("mine").is_default
        assert response.redirect_chain == [(url(served("mine")), 302)]
        instance.run("mine", 1)

    def test_serves_what_a_specification_describes(self, instance: Instance, client: Client) -> None:
        spec = b'{"class": "linear_model.LogisticRegression", "params": {"l2": 0.5}}'

        post_file(client, spec, file_name="Model.JSON", name="mine")

        assert pickle.loads(exporting.export_model(name="mine")).l2 == 0.5

    def test_shows_where_a_specification_is_wrong(self, instance: Instance, client: Client) -> None:
        spec = b'{"class": "linear_model.LogisticRegression", "params": {"l3": 0.5}}'

        response = post_file(client, spec, file_name="model.json", name="mine")

        [error] = response.context["adminform"].form.errors["file"]
        assert error.startswith("params.l3: unknown parameter")
        assert not ServedModel.objects.exists()

    def test_keeps_the_metrics_that_are_chosen(self, instance: Instance, client: Client) -> None:
        post_file(client, pickle.dumps(logistic()), name="mine", metrics="ROCAUC, MCC")

        assert list(model_metrics(name="mine"))[-2:] == ["ROCAUC", "MCC"]

    def test_shows_which_metric_does_not_fit(self, instance: Instance, client: Client) -> None:
        response = post_file(client, pickle.dumps(logistic()), name="mine", metrics="R2")

        errors = response.context["adminform"].form.errors
        assert errors["metrics"][0].startswith("'R2' does not fit")
        assert not ServedModel.objects.exists()

    def test_draws_a_name(self, instance: Instance, client: Client) -> None:
        post_file(client, pickle.dumps(logistic()), name="")

        assert "-" in ServedModel.objects.get().name

    @pytest.mark.parametrize(
        ("content", "name", "field", "reason"),
        [
            (b"no pickle", "model", "file", "The model cannot be unpickled"),
            (pickle.dumps({}), "model", "file", "The model does not implement learn_one. The upload's"),
            (pickle.dumps(logistic()), "a/b", "name", "must not contain a slash"),
            (pickle.dumps(logistic()), " model", "name", "must not begin or end with a space"),
            (b"", "model", "file", "The submitted file is empty."),
        ],
    )
    def test_shows_what_is_wrong_at_its_field(
        self, client: Client, content: bytes, name: str, field: str, reason: str
    ) -> None:
        response = post_file(client, content, name=name)

        assert response.status_code == 200
        errors = response.context["adminform"].form.errors
        assert list(errors) == [field]
        assert errors[field][0].startswith(reason)
        assert errors[field][0] in response.content.decode().replace("&#x27;", "'")
        assert not ServedModel.objects.exists()

    def test_takes_a_flavor(self, client: Client) -> None:
        for name, flavor in (("own", ""), ("other", "multiclass"), ("rivers", "auto")):
            post_file(client, pickle.dumps(logistic()), name=name, flavor=flavor)

        found = dict(ServedModel.objects.values_list("name", "flavor"))
        assert found == {"own": "binary", "other": "multiclass", "rivers": "binary"}

    def test_serves_a_model_that_only_predicts_where_that_is_asked_for(self, client: Client) -> None:
        data = pickle.dumps(Frozen(2.0))

        refused = post_file(client, data, name="frozen", flavor="regression")
        post_file(client, data, name="frozen", flavor="regression", read_only="on")

        assert "read_only=true" in refused.context["adminform"].form.errors["file"][0]
        assert served("frozen").is_read_only
        page = html(client, url(served("frozen")))
        assert "It is read-only: it predicts, and learns nothing." in page
        assert '<div class="readonly"><img src="/static/admin/img/icon-yes.svg" alt="True"></div>' in page

    def test_refuses_a_file_over_the_limit(self, client: Client) -> None:
        with override_settings(MAX_MODEL_BYTES=100):
            response = post_file(client, pickle.dumps(logistic()))

        assert response.context["adminform"].form.errors == {
            "file": ["The file is larger than 100\xa0bytes."]
        }

    def test_says_where_the_database_is_busy(self, client: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        response = post_file(client, pickle.dumps(logistic()))

        other.execute("ROLLBACK")
        other.close()
        assert response.context["adminform"].form.errors["__all__"] == [
            "The database cannot be used now: database is locked."
        ]

    def test_shows_a_form(self, client: Client) -> None:
        page = html(client, add_url(ServedModel))

        assert 'enctype="multipart/form-data"' in page
        assert 'value="Upload"' in page


class TestMakeDefault:
    def test_moves_the_mark(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        instance.upload("two")

        response = act(client, "make_default", served("one"))

        assert messages(response) == ["'one' is the default now."]
        assert ServedModel.objects.get(is_default=True).name == "one"

    def test_wants_one_model(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        instance.upload("two")

        response = act(client, "make_default", served("one"), served("two"))

        assert messages(response) == ["Select one model to be the default."]
        assert ServedModel.objects.get(is_default=True).name == "two"


class TestTakeSnapshots:
    def test_takes_one_of_each_selected_model(self, instance: Instance, client: Client) -> None:
        for name in ("one", "two"):
            instance.upload(name)
            instance.run(name, 2)

        response = act(client, "take_snapshots", served("one"), served("two"))

        assert messages(response) == ["2 models have a snapshot of all that was learned."]
        assert Snapshot.objects.filter(seq=2).count() == 2

    def test_reports_one_that_does_not_load(self, instance: Instance, client: Client) -> None:
        instance.upload("good")
        instance.upload("bad")
        Snapshot.objects.filter(model__name="bad").update(signature="0" * 64)

        response = act(client, "take_snapshots", served("good"), served("bad"))

        reported = messages(response)
        assert reported[-1] == "1 model has a snapshot of all that was learned."
        assert reported[0].startswith("bad: ")


class TestDownload:
    def test_gives_one_pickle(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.run("model", 3)

        response = act(client, "download_models", served("model"))

        assert response["Content-Disposition"] == 'attachment; filename="model.pickle"'
        assert pickle.loads(response.content)["StandardScaler"].counts["x"] == 3

    def test_gives_an_archive_of_several(self, instance: Instance, client: Client) -> None:
        names = ["model", "a:b", "a?b", ODD_NAME]
        for name in names:
            instance.upload(name)

        response = act(client, "download_models", *map(served, names))

        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            found = {name: pickle.loads(archive.read(name)) for name in archive.namelist()}
        assert sorted(found) == [
            "%3Cscript%3Ealert(1)%3Cb%3E%22%27%26.pickle",
            "a%3Ab.pickle",
            "a%3Fb.pickle",
            "model.pickle",
        ]

    def test_takes_no_more_than_an_upload_may_have(self, instance: Instance, client: Client) -> None:
        instance.upload("one")
        instance.upload("two")

        with override_settings(MAX_MODEL_BYTES=1_000):
            response = act(client, "download_models", served("one"), served("two"))

        assert messages(response) == ["More than 1000\xa0bytes: select fewer models."]

    def test_reports_one_that_does_not_load(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        Snapshot.objects.update(signature="0" * 64)

        response = act(client, "download_models", served("model"))

        assert "signature" in messages(response)[0]


class TestDelete:
    def test_asks_with_what_goes_along(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.run("model", 3)
        instance.predict("pending", "model")

        for page in (
            html(client, url(served("model"), "delete")),
            act(client, "delete_selected", served("model")).content.decode(),
        ):
            assert "Pending predictions: 1" in page
            assert "Journal segments: 3" in page
        assert ServedModel.objects.exists()

    def test_asks_without_reading_what_goes_along(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        instance.run("model", 3)
        model = served("model")

        with CaptureQueriesContext(connection) as queries:
            html(client, url(model, "delete"))

        statements = [query["sql"] for query in queries]
        assert not [sql for sql in statements if '"learns"' in sql or "model_bytes" in sql]

    def test_deletes_from_its_page(self, instance: Instance, client: Client) -> None:
        instance.upload("heir")
        instance.upload("model")
        instance.run("model", 2)

        response = client.post(url(served("model"), "delete"), {"post": "yes"}, follow=True)

        assert "was deleted successfully" in messages(response)[0]
        assert ServedModel.objects.get(is_default=True).name == "heir"
        assert not JournalSegment.objects.exists()

    def test_deletes_the_selected(self, instance: Instance, client: Client) -> None:
        for name in ("one", "two", "three"):
            instance.upload(name)

        response = act(client, "delete_selected", served("one"), served("three"), post="yes")

        assert messages(response) == ["Successfully deleted 2 served models."]
        assert ServedModel.objects.get(is_default=True).name == "two"

    def test_keeps_the_model_where_the_database_is_busy(self, instance: Instance, client: Client) -> None:
        instance.upload("model")
        model = served("model")
        html(client, url(model, "delete"))
        with connection.cursor() as cursor:
            # A lock from outside would refuse the message, too.
            cursor.execute(
                "CREATE TEMP TRIGGER refuse BEFORE DELETE ON models_app_servedmodel "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )

        response = client.post(url(model, "delete"), {"post": "yes"}, follow=True)

        assert messages(response) == ["model: The database cannot be used now: no."]
        assert ServedModel.objects.exists()


class TestPermissions:
    def test_without_any_show_nothing(
        self, instance: Instance, client_who_may: Callable[..., Client]
    ) -> None:
        instance.upload("model")
        client = client_who_may()

        for address in (
            list_url(ServedModel),
            add_url(ServedModel),
            url(served("model")),
            url(served("model"), "delete"),
            url(served("model"), "download"),
        ):
            assert client.get(address).status_code == 403

    def test_to_view_let_nothing_be_changed(
        self, instance: Instance, client_who_may: Callable[..., Client]
    ) -> None:
        instance.upload("one")
        instance.upload("two")
        client = client_who_may("view_servedmodel")

        page = html(client, list_url(ServedModel))

        assert "download_models" in page
        for action in ("make_default", "take_snapshots", "delete_selected"):
            assert action not in page
            act(client, action, served("one"), post="yes")
        assert ServedModel.objects.get(is_default=True).name == "two"
        assert ServedModel.objects.count() == 2
        assert post_file(client, pickle.dumps(logistic())).status_code == 403
        assert client.post(url(served("one"), "delete"), {"post": "yes"}).status_code == 403

    @pytest.mark.parametrize(
        ("permission", "action"),
        [("change_servedmodel", "make_default"), ("delete_servedmodel", "delete_selected")],
    )
    def test_let_do_what_they_are_for(
        self, instance: Instance, client_who_may: Callable[..., Client], permission: str, action: str
    ) -> None:
        instance.upload("one")
        instance.upload("two")
        client = client_who_may("view_servedmodel", permission)

        act(client, action, served("one"), post="yes")

        assert list(ServedModel.objects.filter(name="one", is_default=False)) == []
