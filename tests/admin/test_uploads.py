"""The page that uploads a model, with a specification and a preview."""

import json
import pickle
import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from models_app.domain import upload_keys
from models_app.models import AuditEntry, Configuration, ServedModel
from models_app.paradigms.spec_examples import EXAMPLES
from models_app.services import exporting
from tests.admin.pages import add_url, html, messages
from tests.own_models import BREAKS, Breaking, Frozen, Undrawn
from tests.services.instances import Instance, logistic

LOGISTIC = '{"class": "linear_model.LogisticRegression", "params": {"l2": 0.5}}'


def post(client: Client, *, specification: str = LOGISTIC, **fields: Any) -> Any:
    return client.post(add_url(ServedModel), {"specification": specification, **fields}, follow=True)


def preview(client: Client, **fields: Any) -> Any:
    return post(client, _preview="Preview", **fields)


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def drawing(response: Any) -> str:
    """Return the page within the page."""
    found = re.search(r'<iframe [^>]*sandbox srcdoc="([^"]*)"></iframe>', response.content.decode())
    assert found is not None
    return unescape(found[1])


class TestSpecification:
    def test_is_served(self, instance: Instance, client: Client) -> None:
        response = post(client, name="mine")

        assert messages(response) == ["'mine' is served from now on, by default."]
        assert pickle.loads(exporting.export_model(name="mine")).l2 == 0.5

    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.key)
    def test_is_served_as_each_example_has_it(self, client: Client, example: Any) -> None:
        page = client.get(add_url(ServedModel), {"example": example.key})
        fields = page.context["adminform"].form.initial
        assert json.loads(fields["specification"]) == example.spec

        post(client, name="mine", **fields)

        assert ServedModel.objects.get().flavor == example.flavor

    @pytest.mark.parametrize("send", [post, preview])
    @pytest.mark.parametrize(
        ("specification", "found"),
        [
            ("{", ["specification: is no JSON: Expecting property name enclosed in double quotes"]),
            (
                '{"pipeline": [{"class": "StandardScaler"}, {"class": "optim.SGD", "params": {"rl": 1}}]}',
                [
                    "pipeline[0].class: unknown class; did you mean preprocessing.StandardScaler?",
                    "pipeline[1].params.rl: unknown parameter; did you mean lr?",
                ],
            ),
            # Members that are called as fields of the form are.
            ('{"class": "optim.SGD", "name": "a"}', ["name: unknown member; only steps have one"]),
            ('{"class": "optim.SGD", "flavor": "b"}', ["flavor: unknown member"]),
            (
                '{"class": "preprocessing.StandardScaler"}',
                ["The model does not implement predict_proba_one. StandardScaler is a transformer"],
            ),
        ],
        ids=["no JSON", "names", "name", "flavor", "another kind"],
    )
    def test_shows_what_is_wrong_where_it_was_written(
        self, client: Client, send: Any, specification: str, found: list[str]
    ) -> None:
        response = send(client, specification=specification)

        shown = errors(response)
        assert list(shown) == ["specification"]
        for reason, expected in zip(shown["specification"], found, strict=True):
            assert reason.startswith(expected)
        assert not ServedModel.objects.exists()

    def test_of_a_file_shows_what_is_wrong_at_the_file(self, client: Client) -> None:
        for content, expected in [
            (b'{"class": "optim.SGD", "name": "a"}', "name: unknown member"),
            (b"{", "specification: is no JSON"),
        ]:
            file = SimpleUploadedFile("model.json", content)

            shown = errors(post(client, specification="", file=file))

            assert list(shown) == ["file"]
            assert shown["file"][0].startswith(expected)

    def test_is_signed_as_it_was_written(self, client: Client) -> None:
        # A browser sends line ends of its own.
        written = LOGISTIC.replace(", ", ",\n")
        private = upload_keys.new_key()
        signature = upload_keys.sign(written.encode(), name="mine", private=private)
        keys = {"ci": upload_keys.public_text(private)}

        with override_settings(UPLOAD_KEYS=keys, UPLOAD_SIGNATURES="required"):
            refused = preview(client, specification=written, name="mine")
            post(client, specification=written.replace("\n", "\r\n"), name="mine", signature=signature)

        assert list(errors(refused)) == ["signature"]
        assert AuditEntry.objects.get(action="upload").details["signed_by"] == "ci"


class TestForm:
    @pytest.mark.parametrize("fields", [{}, {"specification": " \r\n"}])
    def test_asks_for_a_model(self, client: Client, fields: dict[str, str]) -> None:
        response = client.post(add_url(ServedModel), {"name": "model", **fields})

        assert errors(response) == {"specification": ["Describe a model here, or choose a file."]}

    def test_takes_one_model(self, client: Client) -> None:
        file = SimpleUploadedFile("model.pickle", pickle.dumps(logistic()))

        response = post(client, file=file)

        assert errors(response) == {"specification": ["Upload this, or the file: one of them."]}
        assert not ServedModel.objects.exists()

    @pytest.mark.parametrize(
        ("taken", "about"),
        [
            ("spec", "This server takes no pickles (MODEL_UPLOADS=spec)."),
            ("river", "A pickle of River's own objects"),
            ("any", "only upload what you trust"),
        ],
    )
    def test_says_which_files_are_taken(self, client: Client, taken: str, about: str) -> None:
        with override_settings(MODEL_UPLOADS=taken):
            page = html(client, add_url(ServedModel))

        assert about in page
        assert ('accept=".json,application/json"' in page) == (taken == "spec")

    @pytest.mark.parametrize(
        ("taken", "model", "reason"),
        [
            ("spec", logistic(), "A pickle is not allowed: MODEL_UPLOADS=spec"),
            ("river", Frozen(2.0), "'tests.own_models.Frozen' is not allowed: MODEL_UPLOADS=river"),
        ],
    )
    @pytest.mark.parametrize("send", [post, preview])
    def test_refuses_at_the_file_what_is_not_taken(
        self, client: Client, send: Any, taken: str, model: Any, reason: str
    ) -> None:
        file = SimpleUploadedFile("model.pickle", pickle.dumps(model))

        with override_settings(MODEL_UPLOADS=taken):
            response = send(client, specification="", file=file)

        shown = errors(response)
        assert list(shown) == ["file"]
        assert shown["file"][0].startswith(reason)

    def test_offers_the_examples_by_flavor(self, client: Client) -> None:
        page = html(client, add_url(ServedModel))

        for example in EXAMPLES:
            assert page.count(f'<optgroup label="{example.flavor}">') == 1
            assert f'data-flavor="{example.flavor}"' in page
            assert f">{example.key}</option>" in page

    def test_stays_empty_where_there_is_no_such_example(self, client: Client) -> None:
        response = client.get(add_url(ServedModel), {"example": "nothing"})

        assert response.status_code == 200
        assert response.context["adminform"].form.initial == {}


class TestPreview:
    def test_shows_what_would_be_served_and_saves_nothing(self, instance: Instance, client: Client) -> None:
        before = AuditEntry.objects.count()

        response = preview(client, specification=LOGISTIC, metrics="ROCAUC", name="mine")

        page = response.content.decode()
        assert "It would be served as <code>binary</code>, scored by Accuracy" in page
        assert "ROCAUC" in page
        assert "LogisticRegression" in drawing(response)
        assert response.context["adminform"].form["specification"].value() == LOGISTIC
        assert not ServedModel.objects.exists()
        assert AuditEntry.objects.count() == before

    def test_draws_where_nothing_can_run(self, instance: Instance, client: Client) -> None:
        response = preview(client)

        assert "default-src 'none'" in unescape(drawing(response))
        assert "script-src" not in drawing(response)

    def test_draws_a_file_too(self, instance: Instance, client: Client) -> None:
        file = SimpleUploadedFile("model.pickle", pickle.dumps(logistic()))

        assert "StandardScaler" in drawing(preview(client, specification="", file=file))

    def test_says_where_there_is_nothing_to_draw(self, instance: Instance, client: Client) -> None:
        file = SimpleUploadedFile("model.pickle", pickle.dumps(Undrawn(2.0)))

        response = preview(client, specification="", file=file, flavor="regression", read_only="on")

        page = response.content.decode()
        assert "<iframe" not in page
        assert "It does not draw itself, or is too large for that." in page
        assert "It is read-only" in page

    def test_cannot_leave_its_frame(self, instance: Instance, client: Client) -> None:
        file = SimpleUploadedFile("model.pickle", pickle.dumps(Breaking(2.0)))

        response = preview(client, specification="", file=file, flavor="regression", read_only="on")

        assert BREAKS not in response.content.decode()
        assert BREAKS in drawing(response)

    def test_shows_that_there_is_no_flavor(self, client: Client) -> None:
        Configuration.objects.update(flavor="")

        assert errors(preview(client)) == {"flavor": ["No flavor has been set."]}

    def test_is_for_who_may_upload(self, client_who_may: Any) -> None:
        client = client_who_may("view_servedmodel")

        assert (
            client.post(add_url(ServedModel), {"_preview": "", "specification": LOGISTIC}).status_code == 403
        )
