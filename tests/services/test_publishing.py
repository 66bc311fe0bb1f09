"""A listener that fails holds up nobody: neither the client nor the next listener."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from models_app.domain.errors import InvalidRequest
from models_app.engine.commands import Command, Inspect
from models_app.engine.ports import ModelState
from models_app.services import hooks, predicting, publishing
from web.shortcuts import Shortcut

STATE = ModelState(model_id=1, name="model", flavor="regression", generation=1, seq=0, is_default=True)


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    for hook in (hooks.events, hooks.scores, hooks.calls, hooks.refusals):
        monkeypatch.setattr(hook, "listeners", [])


def fail(*_: Any) -> None:
    raise RuntimeError("listener")


class Failing:
    """A subscriber that fails when it is asked."""

    def wants_events(self) -> bool:
        raise RuntimeError("listener")

    def receive(self, events: Any) -> None:
        raise RuntimeError("listener")


class Listening:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def wants_events(self) -> bool:
        return True

    def receive(self, events: Any) -> None:
        self.heard += events


class FailingToReceive(Listening):
    def receive(self, events: Any) -> None:
        raise RuntimeError("listener")


@pytest.mark.usefixtures("nobody_listens")
class TestListeners:
    @pytest.mark.parametrize(
        ("listen", "notify"),
        [
            (hooks.calls.add, lambda: publishing.called("predict", 1)),
            (hooks.refusals.add, lambda: publishing.refused("predict", 400)),
            (hooks.scores.add, lambda: publishing.scored(STATE, 1, [])),
        ],
        ids=["call", "refusal", "scores"],
    )
    def test_hear_of_it_though_one_before_them_fails(
        self,
        listen: Callable[[Callable[..., None]], None],
        notify: Callable[[], None],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        heard: list[Any] = []
        listen(fail)
        listen(lambda *what: heard.append(what))

        notify()

        assert len(heard) == 1
        assert "a listener failed" in caplog.text

    @pytest.mark.parametrize("failing", [Failing, FailingToReceive])
    def test_receive_events_though_a_subscriber_before_them_fails(self, failing: type[Any]) -> None:
        listening = Listening()
        hooks.events.add(failing())
        hooks.events.add(listening)

        assert publishing.wants_events()
        publishing.publish([fail])  # type: ignore[list-item]  # anything

        assert listening.heard == [fail]


class View:
    """Answers, or fails to."""

    submit = staticmethod(predicting.answer_to)

    def __init__(self) -> None:
        self.refused = partial(publishing.refused, "predict")
        self.called = partial(publishing.called, "predict")

    def ask(self, body: bytes) -> Command:
        if body == b"bad":
            raise InvalidRequest("no")
        return Inspect("model")

    def respond(self, command: Command, answer: Any) -> tuple[int, bytes]:
        return 200, b"{}"


@pytest.mark.usefixtures("nobody_listens")
class TestShortcut:
    def test_answers_before_anybody_hears_of_it(self) -> None:
        order: list[object] = []
        hooks.refusals.add(lambda route, status: order.append("refused"))
        hooks.calls.add(lambda route, duration_ns: order.append("called"))

        Shortcut(View(), lambda status, head, body: order.append(status)).take(b"bad")

        assert order == [400, "refused", "called"]

    def test_answers_though_everybody_who_hears_of_it_fails(self) -> None:
        answers: list[int] = []
        hooks.refusals.add(fail)
        hooks.calls.add(fail)

        Shortcut(View(), lambda status, head, body: answers.append(status)).take(b"bad")

        assert answers == [400]
