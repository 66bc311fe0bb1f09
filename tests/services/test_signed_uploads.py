"""Uploads that are signed: by whom, and those that are not."""

import json
import pickle
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from river import linear_model

from chantilly_project import parsing
from models_app.domain import upload_keys
from models_app.domain.errors import UploadNotSigned
from models_app.models import AuditEntry, ServedModel
from models_app.services.finding import model_names
from models_app.services.listing import list_details
from models_app.services.uploading import upload_model
from tests.admin.conftest import client
from tests.services.instances import Instance, instance

__all__ = ["client", "instance"]

MODEL = pickle.dumps(linear_model.LogisticRegression())


@pytest.fixture
def key(settings: Any) -> bytes:
    """A private key whose public one the server knows, which asks for signatures."""
    private = upload_keys.new_key()
    settings.UPLOAD_KEYS = {"other": upload_keys.public_text(upload_keys.new_key())}
    settings.UPLOAD_KEYS |= {"ci": upload_keys.public_text(private)}
    settings.UPLOAD_SIGNATURES = "required"
    return private


def upload(signature: str | None, *, name: str | None = "prices", data: bytes = MODEL) -> None:
    upload_model(data=data, name=name, now=timezone.now(), signature=signature)


class TestUpload:
    @pytest.mark.parametrize("name", ["prices", None])
    def test_that_is_signed_is_served_and_who_signed_is_known(
        self, instance: Instance, key: bytes, name: str | None
    ) -> None:
        upload(upload_keys.sign(MODEL, name=name, private=key), name=name)

        assert AuditEntry.objects.order_by("-pk")[0].details["signed_by"] == "ci"
        (details,) = list_details(model_names())
        assert (details.signed_by, details.sha256) == ("ci", sha256(MODEL).hexdigest())

    def test_is_signed_no_more_once_another_has_replaced_it(
        self, instance: Instance, key: bytes, settings: Any
    ) -> None:
        upload(upload_keys.sign(MODEL, name="prices", private=key))
        settings.UPLOAD_SIGNATURES = "optional"

        upload(None)

        assert list_details(model_names())[0].signed_by is None

    def test_of_a_specification_has_the_digest_of_its_text(self, instance: Instance) -> None:
        data = b'{"class": "linear_model.LogisticRegression"}'

        upload_model(data=data, name="prices", now=timezone.now(), is_spec=True)

        assert list_details(model_names())[0].sha256 == sha256(data).hexdigest()

    def test_without_a_signature_is_refused_before_it_is_looked_at(
        self, instance: Instance, key: bytes
    ) -> None:
        with pytest.raises(UploadNotSigned, match="have to be signed"):
            upload(None, data=b"nonsense")

    def test_with_a_signature_of_something_else_is_refused(self, instance: Instance, key: bytes) -> None:
        for signature in (
            upload_keys.sign(MODEL, name="other", private=key),
            upload_keys.sign(MODEL, name=None, private=key),
            upload_keys.sign(MODEL + b"\n", name="prices", private=key),
            upload_keys.sign(MODEL, name="prices", private=upload_keys.new_key()),
            "",
            "ä",
            "AAAA",
        ):
            with pytest.raises(UploadNotSigned, match="under the name 'prices'"):
                upload(signature)
        assert not ServedModel.objects.exists()

    def test_with_a_wrong_signature_is_refused_where_none_is_needed(
        self, instance: Instance, key: bytes, settings: Any
    ) -> None:
        settings.UPLOAD_SIGNATURES = "optional"
        upload(None)

        with pytest.raises(UploadNotSigned):
            upload("AAAA")

    def test_of_another_key_s_is_refused_where_there_are_no_keys(
        self, instance: Instance, settings: Any
    ) -> None:
        with pytest.raises(UploadNotSigned, match="there are none"):
            upload(upload_keys.sign(MODEL, name="prices", private=upload_keys.new_key()))


class TestWays:
    def test_by_commands(
        self,
        instance: Instance,
        settings: Any,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        file, key = tmp_path / "model", tmp_path / "key"
        file.write_bytes(MODEL)
        call_command("make_upload_key", "ci", str(key))
        settings.UPLOAD_KEYS = parsing.public_keys.read(capsys.readouterr().out.strip())
        settings.UPLOAD_SIGNATURES = "required"

        call_command("sign_model", str(file), "--key", str(key), "--name", "prices")
        signature = capsys.readouterr().out.strip()
        with pytest.raises(CommandError, match="have to be signed"):
            call_command("add_model", str(file), "--name", "prices")
        call_command("add_model", str(file), "--name", "prices", "--signature", signature)

        assert ServedModel.objects.get().name == "prices"
        assert key.stat().st_mode & 0o777 == 0o600
        with pytest.raises(CommandError, match="File exists"):
            call_command("make_upload_key", "ci", str(key))
        with pytest.raises(CommandError, match="without commas"):
            call_command("make_upload_key", "a,b", str(tmp_path / "new"))
        with pytest.raises(CommandError, match="not a private key in PEM"):
            call_command("sign_model", str(file), "--key", str(file))

    def test_in_the_admin(self, instance: Instance, key: bytes, client: Client, tmp_path: Path) -> None:
        file = tmp_path / "model"
        file.write_bytes(MODEL)

        def post(signature: str) -> str:
            with file.open("rb") as sent:
                form = {"file": sent, "name": "prices", "signature": signature}
                return client.post("/admin/models_app/servedmodel/add/", form, follow=True).content.decode()

        assert "have to be signed" in post("")
        assert "is served from now on" in post(upload_keys.sign(MODEL, name="prices", private=key))


class TestSetting:
    def test_takes_what_the_command_prints_and_a_dictionary(self) -> None:
        one, two = (upload_keys.public_text(upload_keys.new_key()) for _ in range(2))

        assert parsing.public_keys.read(f"a={one}, b={two}") == {"a": one, "b": two}
        assert parsing.public_keys.read({"a": one}) == {"a": one}
        assert parsing.public_keys.read("") == {}

    @pytest.mark.parametrize("value", ["a=x", "=AAAA", "a b=AAAA", json.dumps({}), 1])
    def test_refuses_what_is_no_key(self, value: object) -> None:
        with pytest.raises(ValueError, match="not|32 bytes"):
            parsing.public_keys.read(value)

    def test_refuses_a_name_twice(self) -> None:
        key = upload_keys.public_text(upload_keys.new_key())

        with pytest.raises(ValueError, match="twice"):
            parsing.public_keys.read(f"a={key},a={key}")
