from collections.abc import Iterator

import pytest

from models_app.services import hooks
from tests.api.clients import Client
from tests.services.instances import Instance, instance

__all__ = ["client", "instance"]


@pytest.fixture
def client(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of an instance for binary classification, with a model; the short way is open."""
    # The recorder of calls would write them down in a thread of its own, after the test's end.
    monkeypatch.setattr(hooks.calls, "listeners", [])
    instance.upload("first")
    opened = Client()
    for route in ("predict", "learn"):
        # It is open for routes that were called once.
        opened.post(f"/api/{route}", b"{}")
    yield opened
    opened.close()
