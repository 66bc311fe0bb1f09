from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from models_app.domain.blobs import Signer, Versions
from models_app.domain.errors import ModelNotLoadable
from models_app.models import FlavorMetrics, Snapshot
from models_app.models.signing import read_snapshot, signer
from models_app.paradigms.binary import BINARY
from models_app.services import resigning
from models_app.services.folding import InstanceMetrics
from monitoring.drift import storing
from monitoring.drift.watches import Plan, Watch
from monitoring.models import DriftState
from tests.services.instances import Instance, instance

__all__ = ["instance"]

OLD, NEW = "an old key of the instance, long enough", "a new key of the instance, long enough"


@pytest.fixture
def rotated(instance: Instance, settings: Any) -> Any:
    """An instance that an old key has signed, under a new one."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    instance.upload("model")
    instance.run("model", 3)
    InstanceMetrics().persist()
    storing.save(Snapshot.objects.get().model_id, 1, Watch(Plan(), seq=3), [])
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    return settings


class TestResignModels:
    def test_lets_old_keys_go(self, rotated: Any) -> None:
        assert read_snapshot(Snapshot.objects.get()).seq == 0

        done = resigning.resign_models()

        assert (done.n_made, done.n_kept, done.unknown) == (3, 0, [])
        rotated.SECRET_KEY_FALLBACKS = []
        assert read_snapshot(Snapshot.objects.get()).seq == 0
        InstanceMetrics().values(BINARY)
        assert resigning.resign_models() == resigning.Resigned(n_kept=3)

    def test_is_needed_before_old_keys_go(self, rotated: Any) -> None:
        rotated.SECRET_KEY_FALLBACKS = []

        with pytest.raises(ModelNotLoadable, match="the secret key was changed"):
            read_snapshot(Snapshot.objects.get())
        with pytest.raises(ModelNotLoadable):
            InstanceMetrics().values(BINARY)

    def test_leaves_what_no_key_has_signed(self, rotated: Any) -> None:
        Snapshot.objects.update(signature="0" * 64)

        with pytest.raises(CommandError, match="left as they are: 'model' at learn 0 of generation 1"):
            call_command("resign_models", stdout=StringIO())

        assert Snapshot.objects.get().signature == "0" * 64
        assert DriftState.objects.count() == FlavorMetrics.objects.count() == 1

    def test_leaves_what_was_written_meanwhile(self, rotated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        snapshot = Snapshot.objects.get()
        sealed = resigning._sealed(snapshot)
        Snapshot.objects.update(signature="1" * 64)

        assert sealed.replace(sealed.sign()) == 0

        assert Snapshot.objects.get().signature == "1" * 64

    def test_says_how_many(self, rotated: Any) -> None:
        out = StringIO()

        call_command("resign_models", stdout=out)

        assert out.getvalue() == "Signed 3 again; 0 had the newest signature.\n"


class TestOlderSignatures:
    @pytest.mark.parametrize("ending", ["", ", name model"])
    def test_hold_until_they_are_made_anew(self, instance: Instance, ending: str) -> None:
        """They were bound to less: neither to the name, at first, nor to versions."""
        instance.upload("model")
        snapshot = Snapshot.objects.get()
        context = f"snapshot 0 of model {snapshot.model_id}, generation 1{ending}"
        old = signer().sign(context, bytes(snapshot.model_bytes), bytes(snapshot.metrics_bytes))
        Snapshot.objects.update(signature=old)
        assert read_snapshot(Snapshot.objects.get()).seq == 0

        done = resigning.resign_models()

        assert done.n_made == 1
        assert read_snapshot(Snapshot.objects.get()).seq == 0
        assert Snapshot.objects.get().signature == snapshot.signature


def test_versions_are_signed(instance: Instance) -> None:
    """Whoever writes others into the database has a pickle loaded under versions that it is not for."""
    instance.upload("model")
    stored = Versions.current()
    other = {"river": f"{stored.river}1", "python": f"{stored.python}1", "numpy": f"{stored.numpy}1"}
    for name, value in other.items():
        snapshot = Snapshot.objects.get()
        setattr(snapshot, f"{name}_version", value)

        with pytest.raises(ModelNotLoadable, match="tampered"):
            read_snapshot(snapshot)


def test_a_signature_is_of_whole_parts() -> None:
    one = Signer(["a key"])

    assert one.sign("a", b"bc", b"d") != one.sign("a", b"b", b"cd")
