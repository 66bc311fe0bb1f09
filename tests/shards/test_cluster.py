"""Commands through a cluster: what an engine promises, and what happens where a shard is away."""

import asyncio
import pickle
import random
import socket
import threading
from typing import Any

import pytest
from river import datasets

from models_app.domain.errors import (
    Forbidden,
    ModelNotFound,
    ModelRaised,
    PredictionNotPending,
    ServerStopping,
    ShardUnavailable,
)
from models_app.domain.permits import Permits
from models_app.domain.quotas import Allowance
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command, Describe, Export, Inspect, LearnFeatures, TakeSnapshot
from models_app.engine.ports import Learned, Predicted
from models_app.models import JournalSegment, PendingPrediction, ServedModel
from models_app.shards import links, relaying
from models_app.shards.cluster import socket_of
from models_app.shards.slots import shard_of
from tests.engine.conftest import Upload, learn, learn_by_id, predict
from tests.engine.models import Counting, Fragile, linear_regression
from tests.servers.waiting import wait_until
from tests.shards.conftest import FIRST, N_SHARDS, SECOND, Shards


def ask(shards: Shards, *commands: Command) -> list[Any]:
    """Submit commands from the loop, as a web process does, and return what comes of each."""

    async def run() -> list[Any]:
        bundle = Bundle(commands)
        answered = bundle.answered_in_loop()
        shards.cluster.submit_many(commands)
        return await answered

    return shards.in_loop(run)  # type: ignore[no-any-return]


def truths(shards: Shards, name: str) -> list[Any]:
    return pickle.loads(shards.cluster.call(Export(name), seconds=10)).truths  # type: ignore[no-any-return]


@pytest.mark.parametrize("shards", ["sockets", "calls"], indirect=True)
class TestCommands:
    def test_go_to_the_owner_of_their_model(self, shards: Shards, upload: Upload) -> None:
        for name in (FIRST, SECOND):
            upload(Counting(), name)

        answers = ask(shards, learn(FIRST, {"a": 1.0}, 1.0), learn(SECOND, {"a": 1.0}, 2.0))

        assert answers == [1, 1]
        # A turn ends after its answers are on their way.
        wait_until(lambda: [engine.hot_names() for engine in shards.engines] == [{FIRST}, {SECOND}])
        assert shards.cluster.hot_names() == {FIRST, SECOND}
        assert shards.cluster.n_hot == 2

    def test_are_done_in_their_order_whatever_they_are(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        commands: list[Command] = []
        for number in range(200):
            commands.append(predict(FIRST, {"a": 1.0}, f"id-{number}"))
            commands.append(learn_by_id(f"id-{number}", float(number)))

        answers = ask(shards, *commands)

        assert answers == [answer for number in range(200) for answer in ((FIRST, float(number)), number + 1)]
        assert truths(shards, FIRST) == [float(number) for number in range(200)]

    def test_are_refused_in_their_places(self, shards: Shards, upload: Upload) -> None:
        upload(Fragile(), SECOND)

        good, bad, unknown, missing, after = ask(
            shards,
            learn(SECOND, {"a": 1.0}, 1.0),
            learn(SECOND, {"bad": 1.0}, 2.0),
            learn("nobody", {"a": 1.0}, 1.0),
            learn_by_id("never", 1.0),
            learn(SECOND, {"a": 1.0}, 3.0),
        )

        assert (good, after) == (1, 2)
        assert isinstance(bad, ModelRaised)
        assert isinstance(unknown, ModelNotFound)
        assert isinstance(missing, PredictionNotPending)
        assert truths(shards, SECOND) == [1.0, 3.0]

    def test_leave_what_a_bare_loop_leaves(self, shards: Shards, upload: Upload) -> None:
        upload(linear_regression(), FIRST)
        bare = linear_regression()
        expected: list[Any] = []
        commands: list[Command] = []
        for x, y in datasets.TrumpApproval().take(300):
            numbers = {key: float(value) for key, value in x.items()}
            commands.append(predict(FIRST, numbers))
            commands.append(learn(FIRST, numbers, y))
            expected += [(FIRST, bare.predict_one(numbers)), len(expected) // 2 + 1]
            bare.learn_one(numbers, y)

        assert ask(shards, *commands) == expected

    def test_of_an_id_find_its_model_in_another_web_process(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        upload(Counting(), SECOND)
        other = shards.connect(patience=20.0)
        try:
            other.call(predict(FIRST, {"a": 1.0}, "one"), seconds=10)
            other.call(predict(SECOND, {"a": 1.0}, "two"), seconds=10)

            assert ask(shards, learn_by_id("two", 2.0), learn_by_id("one", 1.0)) == [1, 1]
        finally:
            other.stop(seconds=1)
        assert (truths(shards, FIRST), truths(shards, SECOND)) == ([1.0], [2.0])

    def test_without_a_name_follow_the_default_model(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        assert ask(shards, predict(None, {"a": 1.0})) == [(FIRST, 0.0)]

        # The newest upload is the default, and nobody has told this process.
        upload(Counting(), SECOND)

        assert ask(shards, predict(None, {"a": 1.0}), learn(None, {"a": 1.0}, 1.0)) == [(SECOND, 0.0), 1]
        assert truths(shards, SECOND) == [1.0]

    def test_of_who_is_limited_are_refused_by_the_model(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        upload(Counting(), SECOND)
        limited, free = predict(None, {"a": 1.0}), predict(None, {"a": 1.0})
        limited.permits = Permits([FIRST])

        refused, answered = ask(shards, limited, free)

        assert isinstance(refused, Forbidden)
        assert answered == (SECOND, 0.0)

    def test_of_an_owner_are_kept_as_theirs(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        allowance = Allowance("sensor", 1)
        command = predict(FIRST, {"a": 1.0}, "one")
        command.lease = allowance.take()

        ask(shards, command)

        assert PendingPrediction.objects.get().owner == "sensor"
        # What was under way is not any more.
        allowance.take()

    def test_are_learned_once_by_many_threads(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        upload(Counting(), SECOND)
        ids = [f"id-{number}" for number in range(120)]
        for number, each in enumerate(ids):
            shards.cluster.call(predict((FIRST, SECOND)[number % 2], {"a": 1.0}, each), seconds=10)
        outcomes: list[Any] = []

        def teach(seed: int) -> None:
            for each in random.Random(seed).sample(ids, len(ids)):
                try:
                    outcomes.append(shards.cluster.call(learn_by_id(each, 1.0), seconds=30))
                except PredictionNotPending as error:
                    outcomes.append(error)

        threads = [threading.Thread(target=teach, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sum(isinstance(outcome, int) for outcome in outcomes) == len(ids)
        assert len(truths(shards, FIRST)) + len(truths(shards, SECOND)) == len(ids)
        assert sum(ServedModel.objects.values_list("seq", flat=True)) == len(ids)


@pytest.mark.parametrize("shards", ["sockets", "calls"], indirect=True)
class TestFigures:
    def test_come_from_the_owner(self, shards: Shards, upload: Upload) -> None:
        upload(linear_regression(), FIRST)
        ask(shards, *(learn(FIRST, {"a": float(n)}, 2.0 * n) for n in range(20)))

        vitals = shards.cluster.call(Inspect(FIRST), seconds=10)
        own = shards.engines[0].call(Inspect(FIRST), seconds=10)

        assert (vitals.seq, vitals.metrics) == (20, own.metrics)
        assert vitals.rolling() == own.rolling()
        assert (vitals.size_bytes, vitals.snapshot_seq) == (own.size_bytes, own.snapshot_seq)
        assert "LinearRegression" in shards.cluster.call(Describe(FIRST), seconds=10)

    def test_of_times_are_as_the_owner_has_them(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), SECOND)
        ask(shards, *(learn(SECOND, {"a": 1.0}, 1.0) for _ in range(5)), learn(SECOND, {"a": 1.0}, "text"))
        row = ServedModel.objects.get(name=SECOND)

        engine = shards.engines[1]
        # They are noted while answers are on their way.
        wait_until(lambda: engine.find_timings(SECOND, row.pk, row.generation) is not None)
        own = engine.find_timings(SECOND, row.pk, row.generation)
        assert own is not None
        wait_until(lambda: own.learn.n == 6 and bool(own.refused))

        found = shards.cluster.find_timings(SECOND, row.pk, row.generation)

        assert found is not None
        assert found.learn.counts == own.learn.counts
        assert list(found.learn.recent) == list(own.learn.recent)
        assert found.refused == own.refused == {"invalid_ground_truth": 1}
        assert shards.cluster.timings()[SECOND].learn.n == own.learn.n
        assert shards.cluster.find_timings("nobody", 1, 1) is None

    def test_are_not_waited_for_in_the_event_loop(self, shards: Shards) -> None:
        with pytest.raises(RuntimeError, match="must not wait"):
            shards.in_loop(shards.cluster.hot_names)


@pytest.mark.parametrize("shards", ["sockets", "calls"], indirect=True)
class TestSnapshots:
    def test_are_noted_for_who_asks(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        ask(shards, learn(FIRST, {"a": 1.0}, 1.0))

        seq = shards.cluster.call(TakeSnapshot(FIRST, actor=("token 'ann'", "10.0.0.1")), seconds=10)

        assert seq == 1
        assert shards.notes == [(FIRST, ("token 'ann'", "10.0.0.1"), 1)]


class TestLostShard:
    def test_costs_its_own_models_only_and_is_found_again(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        upload(Counting(), SECOND)
        shards.listeners[0].close()
        shards.listeners[0].end()
        wait_until(lambda: shards.cluster.away() == [0])

        lost, served = ask(shards, learn(FIRST, {"a": 1.0}, 1.0), learn(SECOND, {"a": 1.0}, 1.0))

        assert isinstance(lost, ShardUnavailable)
        assert served == 1
        assert not shards.cluster.is_running
        wait_until(lambda: shards.cluster.hot_names() == {SECOND})
        shards.listeners[0] = shards.listen(0)
        wait_until(lambda: shards.cluster.is_running)
        assert ask(shards, learn(FIRST, {"a": 1.0}, 2.0)) == [1]

    def test_refuses_what_is_under_way(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        shards.listeners[0].close()
        shards.listeners[0].end()
        wait_until(lambda: shards.cluster.away() == [0])
        # Something that takes all and says nothing.
        silent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        silent.bind(str(socket_of(shards.folder, 0)))
        silent.listen()
        wait_until(lambda: shards.cluster.away() == [])
        command = learn(FIRST, {"a": 1.0}, 1.0)
        asked = command.answered_in_thread()
        shards.cluster.submit(command)

        silent.accept()[0].close()
        silent.close()

        with pytest.raises(ShardUnavailable):
            asked.result(10)
        assert not JournalSegment.objects.exists()

    def test_that_says_nothing_is_waited_for_so_long_and_no_longer(
        self, shards: Shards, upload: Upload
    ) -> None:
        upload(Counting(), FIRST)
        shards.listeners[0].close()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
            silent.bind(str(socket_of(shards.folder, 0)))
            silent.listen()
            other = shards.connect(patience=0.1)
            try:
                with pytest.raises(ShardUnavailable):
                    other.call(learn(FIRST, {"a": 1.0}, 1.0), seconds=10)
            finally:
                other.stop(seconds=1)

    def test_takes_no_more_than_can_wait(
        self, shards: Shards, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload(Counting(), FIRST)
        monkeypatch.setattr(links, "MAX_UNDER_WAY", 1)

        def run() -> Any:
            async def several() -> list[Any]:
                commands = [learn(FIRST, {"a": 1.0}, 1.0) for _ in range(4)]
                futures = [command.answered_in_loop() for command in commands]
                for command in commands:
                    shards.cluster.submit(command)
                return await asyncio.gather(*futures, return_exceptions=True)

            return several()

        answers = shards.in_loop(run)

        assert [type(answer) for answer in answers] == [int, int, ShardUnavailable, ShardUnavailable]

    def test_that_stops_says_so(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        shards.engines[0].stop(seconds=5)

        (refused,) = ask(shards, learn(FIRST, {"a": 1.0}, 1.0))

        assert isinstance(refused, ServerStopping)


class TestEvents:
    @pytest.mark.parametrize("shards", ["sockets", "calls"], indirect=True)
    def test_come_from_all_shards_to_who_listens(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        upload(Counting(), SECOND)
        ask(shards, learn(FIRST, {"a": 1.0}, 1.0))
        shards.heard.wants = True
        wait_until(lambda: all(relay.wants_events() for relay in shards.relays))

        ask(shards, predict(SECOND, {"a": 1.5}, "one"), learn_by_id("one", 2**70))
        ask(shards, learn(FIRST, {"a": 2.0}, 2.0))
        wait_until(lambda: len(shards.heard.events) == 3)

        # What was learned before anybody listened is not told.
        assert shards.heard.events == [
            Predicted(model=SECOND, features=b'{"a":1.5}', prediction=0.0, flavor="regression"),
            Learned(
                model=SECOND, features=b'{"a":1.5}', prediction=0.0, ground_truth=2**70, flavor="regression"
            ),
            Learned(
                model=FIRST, features=b'{"a":2.0}', prediction=1.0, ground_truth=2.0, flavor="regression"
            ),
        ]

    def test_are_not_made_any_more_when_nobody_listens(self, shards: Shards) -> None:
        shards.heard.wants = True
        wait_until(lambda: all(relay.wants_events() for relay in shards.relays))

        shards.heard.wants = False

        wait_until(lambda: not any(relay.wants_events() for relay in shards.relays))

    def test_are_asked_for_again_of_a_shard_that_was_away(self, shards: Shards) -> None:
        shards.heard.wants = True
        wait_until(lambda: all(relay.wants_events() for relay in shards.relays))
        shards.listeners[0].close()
        shards.listeners[0].end()
        wait_until(lambda: not shards.relays[0].wants_events())

        shards.listeners[0] = shards.listen(0)

        wait_until(shards.relays[0].wants_events)
        # What it did meanwhile was told to nobody.
        assert shards.heard.n_gaps == 1

    def test_follow_a_gap_where_there_was_too_much_to_tell(
        self, shards: Shards, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload(Counting(), FIRST)
        shards.heard.wants = True
        wait_until(lambda: all(relay.wants_events() for relay in shards.relays))
        monkeypatch.setattr(relaying, "MAX_WAITING_BYTES", 0)
        ask(shards, learn(FIRST, {"a": 1.0}, 1.0))
        # Who learns is answered before anybody hears of it.
        wait_until(lambda: any(relay._behind for relay in shards.relays))
        monkeypatch.undo()

        ask(shards, learn(FIRST, {"a": 2.0}, 2.0))
        ask(shards, learn(FIRST, {"a": 3.0}, 3.0))
        wait_until(lambda: len(shards.heard.events) == 2)

        assert [event.features for event in shards.heard.events] == [b'{"a":2.0}', b'{"a":3.0}']
        assert shards.heard.n_gaps == 1


class TestSlots:
    def test_share_models_evenly(self) -> None:
        counts = [0] * 4
        for number in range(4_000):
            counts[shard_of(f"model-{number}", 4)] += 1

        assert min(counts) > 900

    def test_move_nothing_but_what_has_to(self) -> None:
        names = [f"model-{number}" for number in range(1_000)]

        moved = sum(shard_of(name, 2) != shard_of(name, 4) // 2 for name in names)

        assert moved == 0
        assert {shard_of(name, N_SHARDS) for name in names} == {0, 1}


class TestWords:
    def test_that_are_not_understood_end_the_connection_and_nothing_else(
        self, shards: Shards, upload: Upload
    ) -> None:
        upload(Counting(), FIRST)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
            stranger.connect(str(socket_of(shards.folder, 0)))
            stranger.sendall(b"\0\0\0\3abc")

            assert stranger.recv(10) == b""
        assert ask(shards, learn(FIRST, {"a": 1.0}, 1.0)) == [1]

    def test_are_for_nobody_else_to_say(self, shards: Shards) -> None:
        assert socket_of(shards.folder, 0).stat().st_mode & 0o777 == 0o600

    def test_hold_numbers_of_any_size(self, shards: Shards, upload: Upload) -> None:
        upload(Counting(), FIRST)
        command = LearnFeatures(FIRST, b'{"a":1}', {"a": 1}, 2**70, 0.0)

        assert ask(shards, command) == [1]
        assert truths(shards, FIRST) == [2**70]
