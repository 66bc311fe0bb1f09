import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from models_app.models import object_store
from tests.objects.stores import Moto, Store, in_folder


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    server = Moto()
    yield server
    server.stop()


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that is empty, and that this process can use."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    if request.param == "file":
        made = in_folder(tmp_path / "objects")
    else:
        made = request.getfixturevalue("moto").bucket()
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(object_store, "writing", object_store.Reach())
    monkeypatch.setattr(object_store, "reading", object_store.Reach())
    yield made
    object_store._bucket.cache_clear()
