from collections.abc import Iterator

import pytest

from models_app.models.storage import get_storage
from models_app.services import duties as rooms
from models_app.services import hooks
from models_app.services.duties import Duties


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is called whenever the duties are taken."""
    calls: list[str] = []
    monkeypatch.setattr(hooks.takeovers, "listeners", [lambda: calls.append("taken")])
    return calls


@pytest.fixture
def storage_says(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """What the storage says, one look after the other."""
    said: list[bool] = []
    monkeypatch.setattr(type(get_storage()), "holds_duties", lambda _: said.pop(0))
    yield said
    assert not said


def test_are_taken_anew_where_another_process_may_have_had_them(
    storage_says: list[bool], taken: list[str]
) -> None:
    duties = Duties()
    storage_says += [False, True, True, False, True]

    assert [duties.look() for _ in range(3)] == [False, True, True]
    assert taken == ["taken"]
    assert [duties.look() for _ in range(2)] == [False, True]
    assert taken == ["taken", "taken"]


def test_are_not_those_of_a_second_web_worker(monkeypatch: pytest.MonkeyPatch, taken: list[str]) -> None:
    monkeypatch.setenv(rooms.WORKER, "1")

    assert not Duties().look()
    assert taken == []
