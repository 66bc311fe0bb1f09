"""Records handed to a server, which is a part of this process here."""

import itertools
import math
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from models_app.domain.errors import (
    ChantillyError,
    InvalidGroundTruth,
    InvalidRequest,
    ModelNotFound,
    ModelRaised,
    ServerStopping,
)
from models_app.domain.learns import Learn
from models_app.engine.commands import (
    Command,
    Export,
    Inspect,
    LearnAgain,
    LearnFeatures,
    Predict,
    ReplayTarget,
)
from models_app.engine.engine import Engine
from models_app.engine.tracing import Stages
from models_app.models import PendingPrediction, ServedModel
from models_app.services import (
    feeding,
    folding,
    hooks,
    replaying,
    rolling_back,
    runtime,
    snapshotting,
    warming,
)
from models_app.services.feeding import Answered
from models_app.services.files import BadLine, FileRecord
from models_app.services.folding import InstanceMetrics
from models_app.services.handing import client, frames, server
from models_app.services.handing.client import ServerLost, handing_over
from models_app.services.handing.passes import withdraw
from models_app.wire import codec
from tests.services.history_models import Refusing
from tests.services.instances import Instance
from tests.services.numbered import learned, numbered, record
from tests.storages import OurStorage


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "sock"
    monkeypatch.setattr(OurStorage, "socket_path", lambda _: str(path))
    return path


@pytest.fixture
def regression(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance with a model that refuses what it is asked to refuse."""
    # The tests' database begins anew with the ids of segments that this process has seen already.
    monkeypatch.setattr(folding, "_instance", InstanceMetrics())
    instance.init("regression")
    instance.upload("model", Refusing())
    return instance


@pytest.fixture
def stop(path: Path, regression: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A server listens; this has it take no more."""
    monkeypatch.setattr(hooks, "shutdown", hooks.Hook())
    server.listen()
    (stop,) = hooks.shutdown
    yield stop
    stop()


def lines_of(answers: list[Answered]) -> list[int]:
    return [answered.line for answered in answers if answered.error is None]


BAD = [
    BadLine(line=700, error=InvalidRequest("Not good.")),
    FileRecord(line=700, features=b'{"n": 700}', ground_truth="text"),
    record(700, refuse=True),
]


@pytest.mark.usefixtures("stop")
class TestLearning:
    def test_is_in_order_and_answered_in_order(self) -> None:
        with handing_over(skips_errors=False):
            assert client.is_handed_over()
            feed = warming.learn_feed(model="model", skip_errors=False)
            answers = list(feed.answers(numbered(5_000)))
            figures = warming.vitals("model")

        assert not client.is_handed_over()
        assert [(answered.line, answered.result) for answered in answers] == [(n, n) for n in range(1, 5_001)]
        assert learned() == list(range(1, 5_001))
        assert isinstance(figures, codec.Figures)
        assert (figures.seq, figures.metrics) == (5_000, warming.vitals("model").metrics)

    @pytest.mark.parametrize("bad", BAD)
    def test_ends_just_at_an_error(self, bad: FileRecord | BadLine) -> None:
        with handing_over(skips_errors=False):
            feed = warming.learn_feed(model="model", skip_errors=False)
            answers = list(feed.answers(numbered(5_000, bad)))

        assert lines_of(answers) == list(range(1, 700)) == learned()
        failed = answers[699]
        assert (failed.line, failed.is_skipped) == (700, False)
        assert type(failed.error) in (InvalidRequest, InvalidGroundTruth, ModelRaised)

    @pytest.mark.parametrize("bad", BAD)
    def test_skips_an_error_where_that_is_asked(self, bad: FileRecord | BadLine) -> None:
        with handing_over(skips_errors=True):
            feed = warming.learn_feed(model="model", skip_errors=True)
            answers = list(feed.answers(numbered(2_000, bad)))

        rest = [*range(1, 700), *range(701, 2_001)]
        assert lines_of(answers) == rest == learned()
        assert [answered.line for answered in answers if answered.is_skipped] == [700]

    @pytest.mark.parametrize("n_bad", [1, 5_000])
    def test_skips_as_many_bad_lines_as_there_are(self, n_bad: int) -> None:
        bad = [BadLine(line=line, error=InvalidRequest("Not good.")) for line in range(1, n_bad + 1)]
        good = [record(n) for n in range(n_bad + 1, n_bad + 701)]

        with handing_over(skips_errors=True):
            feed = warming.learn_feed(model="model", skip_errors=True)
            answers = list(feed.answers([*bad, *good, *bad]))

        assert lines_of(answers) == learned() == [each.line for each in good]
        assert sum(answered.is_skipped for answered in answers) == 2 * n_bad

    def test_ends_where_it_is_interrupted(self) -> None:
        def lines() -> Iterator[FileRecord]:
            for n in itertools.count(1):
                if n == 1_000:
                    feed.interrupt()
                yield record(n)

        with handing_over(skips_errors=False):
            feed = warming.learn_feed(model="model", skip_errors=False)
            answers = list(feed.answers(lines()))
            seq = warming.vitals("model").seq

        done = lines_of(answers)
        assert done == list(range(1, len(done) + 1)) == learned()
        assert len(done) == seq < 1_000

    def test_is_of_numbers_of_any_length(self) -> None:
        truths = [2**70, -0.0, 1e-300, 7]
        with handing_over(skips_errors=False):
            feed = warming.learn_feed(model="model", skip_errors=False)
            lines = [FileRecord(line=1, features=b'{"n": 1}', ground_truth=truth) for truth in truths]
            answers = list(feed.answers(lines))

        assert [answered.error for answered in answers] == [None] * len(truths)
        assert repr([learn.ground_truth for learn in journal()]) == repr(truths)


def journal() -> list[Any]:
    from models_app.domain import learns
    from models_app.models import JournalSegment

    return [
        each for segment in JournalSegment.objects.order_by("pk") for each in learns.decode(segment.learns)
    ]


@pytest.mark.usefixtures("stop")
class TestPredicting:
    def test_answers_and_keeps_what_has_an_id(self) -> None:
        lines = [record(1), FileRecord(line=2, features=b'{"n": 2}', prediction_id=42, model="model")]
        with handing_over(skips_errors=False):
            answers = list(warming.predict_feed(model=None, skip_errors=False).answers(lines))

        assert [answered.result for answered in answers] == [("model", 0.0)] * 2
        assert [pending.prediction_id for pending in PendingPrediction.objects.all()] == ["42"]

    def test_keeps_nothing_of_what_comes_after_an_error(self) -> None:
        lines = [
            FileRecord(line=n, features=b'{"hide": %d}' % (n == 700), prediction_id=n)
            for n in range(1, 3_001)
        ]
        with handing_over(skips_errors=False):
            answers = list(warming.predict_feed(model="model", skip_errors=False).answers(lines))

        assert isinstance(answers[699].error, ModelRaised)
        pending = {int(each) for each in PendingPrediction.objects.values_list("prediction_id", flat=True)}
        # What shared the commit was predicted already.
        assert set(range(1, 700)) <= pending <= set(lines_of(answers))
        assert len(pending) < 699 + 512

    def test_names_the_model_that_there_is_not(self) -> None:
        with handing_over(skips_errors=False):
            (answered,) = warming.predict_feed(model="modle", skip_errors=False).answers([record(1)])

        assert isinstance(answered.error, ModelNotFound)
        assert answered.error.name == "modle"


@pytest.mark.usefixtures("stop")
class TestReplaying:
    def test_learns_again_what_was_undone(self, regression: Instance) -> None:
        with handing_over(skips_errors=False):
            for lines in (numbered(10), numbered(200)):
                list(warming.learn_feed(model="model", skip_errors=False).answers(lines))
                snapshotting.take_snapshot(name="model")
        rolling_back.roll_back(name="model", seq=10, now=timezone.now())
        plan = replaying.begin_replay(name="model", generation=1)

        with handing_over(skips_errors=False):
            answers = list(plan.feed().answers(plan.records()))

        assert lines_of(answers) == list(range(11, 211))
        assert learned() == [*range(1, 11), *range(1, 201)]
        assert list(replaying.begin_replay(name="model", generation=1).records()) == []

    def test_does_not_learn_what_was_withdrawn(self, regression: Instance) -> None:
        learn = Learn(
            prediction_id=None,
            features=msgspec.Raw(b'{"n": 1}'),
            prediction=msgspec.Raw(b"1.0"),
            ground_truth=1,
            predicted_at=None,
            learned_at=1.0,
        )
        again = LearnAgain("model", learn, ReplayTarget(1, 1, scores_answers=False), 1, 2.0)
        withdraw(again, keeps_predictions=False)
        (asked,) = frames._asked_decoder.decode(frames._encoder.encode(frames.asked_of([again])))

        got = frames.command_of(asked)

        assert isinstance(got, LearnAgain)
        assert isinstance(got.ground_truth, float)
        assert math.isnan(got.ground_truth)
        assert (got.learn, got.target, got.seq, got.received_at) == (learn, again.target, 1, 2.0)


class Noting(LearnFeatures):
    """Notes its number when it is withdrawn."""

    def __init__(self, number: int, withdrawn: list[int]) -> None:
        self._number = number
        self._withdrawn = withdrawn
        super().__init__("model", b'{"n": 1}', {"n": 1}, 1.0, 0.0)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "ground_truth" and math.isnan(value):
            self._withdrawn.append(self._number)


@pytest.fixture
def work(regression: Instance) -> Iterator[server.Pass]:
    """A pass over records that nobody has sent."""
    here, there = socket.socketpair()
    engine = runtime.get_engine()
    assert isinstance(engine, Engine)
    with here, there:
        yield server.Pass(here, engine, frames.Greeting(frames.VERSION, skips_errors=False))


class TestWithdrawal:
    @pytest.mark.parametrize(("after", "expected"), [(-1, [3, 2, 1, 0]), (1, [3, 2])])
    def test_comes_towards_the_engine(self, work: server.Pass, after: int, expected: list[int]) -> None:
        withdrawn: list[int] = []
        work._waiting.extend(Noting(number, withdrawn) for number in range(4))
        work._take(waits=False)

        work.withdraw(after=after)

        assert withdrawn == expected


class TestSizeOfPieces:
    @pytest.mark.parametrize(("n_others", "expected"), [(0, 400), (4, 140)])
    def test_leaves_others_their_share(self, work: server.Pass, n_others: int, expected: int) -> None:
        n_served = 0
        # Of 1 ms for 40 records, every 10 ms.
        for started_at in (1.00, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.07, 1.08, 1.09, 1.10, 1.11, 1.12):
            n_served += 40 + n_others
            work._adapt(40, Stages(started_at, started_at, started_at + 0.001, None, n_served))

        assert work._size == pytest.approx(expected, abs=1)


class TestTheEnd:
    def test_of_a_server_is_reported(self, stop: Callable[[], None], path: Path) -> None:
        def lines() -> Iterator[FileRecord]:
            for n in itertools.count(1):
                if n == 3_000:
                    stop()
                yield record(n)

        with handing_over(skips_errors=True):
            answers = list(warming.learn_feed(model="model", skip_errors=True).answers(lines()))

        done = lines_of(answers)
        assert isinstance(answers[len(done)].error, ServerStopping)
        assert done == list(range(1, len(done) + 1)) == learned()
        assert not path.exists()

    def test_of_the_engine_is_reported(self, stop: Callable[[], None]) -> None:
        with handing_over(skips_errors=True):
            feed = warming.learn_feed(model="model", skip_errors=True)
            runtime.stop_engine(seconds=10)
            answers = list(feed.answers(numbered(1_000)))

        assert isinstance(answers[0].error, ServerStopping)
        assert ServedModel.objects.get().seq == 0

    def test_that_nobody_announces_leaves_it_open_what_was_done(
        self, path: Path, regression: Instance
    ) -> None:
        greeting = frames.Greeting(frames.VERSION, skips_errors=False)
        with Mute(path, greeting) as hang_up, handing_over(skips_errors=False):
            answers = warming.predict_feed(model="model", skip_errors=False).answers(numbered(300))
            hang_up()
            outcomes = [answered.error for answered in answers]
            seq = warming.vitals("model").seq

        assert [type(error) for error in outcomes[: feeding._GROUP]] == [ServerLost] * feeding._GROUP
        assert seq == 0


class Mute:
    """A server that answers the greeting, and then nothing."""

    def __init__(self, path: Path, greeting: object) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._greeting = greeting
        self._thread = threading.Thread(target=self._answer)
        self._hangs_up = threading.Event()

    def _answer(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(1_000)
            connection.sendall(frames.frame(self._greeting))
            self._hangs_up.wait()

    def __enter__(self) -> Callable[[], None]:
        self._thread.start()
        return self._hangs_up.set

    def __exit__(self, *_: object) -> None:
        self._hangs_up.set()
        self._thread.join()
        self._listener.close()


class TestACommandWorksForItself:
    def works_for_itself(self) -> bool:
        with handing_over(skips_errors=False):
            answers = list(warming.learn_feed(model="model", skip_errors=False).answers(numbered(3)))
            assert lines_of(answers) == [1, 2, 3]
            return not client.is_handed_over()

    def test_where_there_is_no_server(self, path: Path, regression: Instance) -> None:
        assert self.works_for_itself()

    def test_where_a_server_was_killed(self, path: Path, regression: Instance) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))

        assert self.works_for_itself()

        server.listen()
        with handing_over(skips_errors=False):
            assert client.is_handed_over()

    @pytest.mark.parametrize(
        "greeting", [frames.Greeting(frames.VERSION + 1, skips_errors=False), "what?", {"version": "1"}]
    )
    def test_beside_a_server_of_another_version(
        self, path: Path, regression: Instance, greeting: object
    ) -> None:
        with Mute(path, greeting):
            assert self.works_for_itself()

    def test_of_another_version_than_the_server(self, stop: Callable[[], None], path: Path) -> None:
        connection = socket.socket(socket.AF_UNIX)
        with connection, connection.makefile("rb") as file:
            connection.connect(str(path))
            connection.sendall(frames.frame(frames.Greeting(frames.VERSION + 1, skips_errors=False)))

            assert frames.read_greeting(file) is None

    def test_where_the_path_is_too_long(
        self, regression: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
    ) -> None:
        path = tmp_path / ("x" * 100) / "sock"
        path.parent.mkdir()
        monkeypatch.setattr(OurStorage, "socket_path", lambda _: str(path))

        server.listen()

        assert "longer than 107 bytes" in caplog.text
        assert self.works_for_itself()

    def test_where_there_can_be_no_socket(self, path: Path, regression: Instance, caplog: Any) -> None:
        path.mkdir()

        server.listen()

        assert "commands beside the server work for themselves" in caplog.text


class TestFrames:
    def test_carry_refusals_as_they_are(self) -> None:
        errors = [InvalidRequest({"a": ["b", "c"]}), InvalidGroundTruth("no"), ServerStopping()]

        for error in errors:
            _, got = there_and_back(error)
            assert isinstance(got, ChantillyError)
            assert (type(got), got.message) == (type(error), error.message)

    def test_carry_what_nobody_foresaw(self) -> None:
        _, error = there_and_back(KeyError("x"))

        assert repr(error) == """RuntimeError("KeyError('x')")"""

    @pytest.mark.parametrize("prediction", [0.5, None, {True: 0.25, "a": 0.75}, float("inf"), "label"])
    def test_carry_predictions(self, prediction: Any) -> None:
        assert there_and_back(("model", prediction)) == (("model", prediction), None)

    def test_carry_that_a_prediction_cannot_be_carried(self) -> None:
        _, error = there_and_back(("model", "\ud800"))

        assert isinstance(error, ModelRaised)

    def test_are_not_for_every_command(self) -> None:
        command: Command = Export("model")

        with pytest.raises(TypeError, match="Export"):
            frames.asked_of([command])

    def test_ask_for_nothing_after_a_stop(self) -> None:
        with pytest.raises(TypeError):
            frames.command_of(frames.Stop())

    def test_bring_refused_features_back(self) -> None:
        bad, good = frames.asked_of([Predict("model", b"[]", {}, None, 0.0), Inspect("model")])

        assert isinstance(frames.command_of(bad), InvalidRequest)
        assert isinstance(frames.command_of(good), Inspect)


def there_and_back(outcome: Any) -> tuple[Any, BaseException | None]:
    sent = frames._encoder.encode([codec.outcome_value(outcome)])
    (value,) = frames._outcomes_decoder.decode(sent)
    return frames.result_of(value)
