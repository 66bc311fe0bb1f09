from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

import pytest

from models_app.models import ServedModel
from models_app.services import measuring, rolling_back, runtime, snapshotting, uploading
from monitoring.history.reading import read_history
from monitoring.history.sampling import SECONDS, Sampler
from monitoring.models import MetricSnapshot
from tests.monitoring.serving import wait_until
from tests.monitoring.timepieces import NOON, Timepiece
from tests.services.instances import Instance


@pytest.fixture
def clock() -> Timepiece:
    return Timepiece()


@pytest.fixture
def tick(clock: Timepiece) -> Callable[..., None]:
    """Return a function that lets seconds pass and has all models sampled that are to be."""
    sampler = Sampler(ask=measuring.ask_if_hot, clock=clock.clock)

    def tick(seconds: float = SECONDS) -> None:
        clock.go_on(seconds)
        sampler.tick()
        wait_until(lambda: len(sampler._answers) == len(sampler._asked))
        # What was answered is written at the next tick.
        sampler.tick()

    return tick


def at(seconds: float) -> datetime:
    """Return the time so long after noon."""
    return datetime.fromtimestamp(NOON + seconds, UTC)


def seqs(model: str | None) -> list[int]:
    return read_history(model=model, since=None, n_points=100)["seq"]


class TestSampler:
    def test_reports_each_model_and_all_together(self, instance: Instance, tick: Callable[..., None]) -> None:
        instance.upload("one")
        instance.upload("two")
        instance.run("one", 3)
        tick()
        instance.run("two", 2)
        tick()

        one = read_history(model="one", since=None, n_points=100)
        every = read_history(model=None, since=None, n_points=100)

        assert one["seq"] == [3]
        assert one["metrics"] == {
            name: [value] for name, value in measuring.model_metrics(name="one").items()
        }
        assert one["rolling"] == one["metrics"]
        assert one["n_predictions"] == [3]
        assert seqs("two") == [0, 2]
        assert every["seq"] == [3, 5]
        assert every["metrics"]["Accuracy"][-1] == measuring.instance_metrics()["Accuracy"]
        assert every["time"] == [NOON + SECONDS, NOON + 2 * SECONDS]

    def test_writes_nothing_while_nothing_is_learned(
        self, instance: Instance, tick: Callable[..., None]
    ) -> None:
        instance.upload("one")
        instance.run("one", 2)
        for _ in range(5):
            tick()

        assert seqs("one") == [2]
        assert seqs(None) == [2]

    def test_takes_the_first_samples_of_a_generation_as_they_come(
        self, instance: Instance, tick: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("monitoring.history.sampling.FIRST", 3)
        for _ in range(2):
            instance.upload("one")
            tick(1)
            for _ in range(4):
                instance.run("one", 1)
                tick(1)

            # All models together have had theirs with the first upload.
            assert seqs("one")[-3:] == [0, 1, 2]

    def test_takes_no_more_of_them_at_a_time_than_the_server_has_time_for(
        self, instance: Instance, tick: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("monitoring.history.sampling._FIRST_AT_A_TIME", 0)
        instance.upload("one")
        tick(1)
        instance.run("one", 1)
        tick(1)

        assert seqs("one") == [0]

    def test_waits_between_samples_unless_much_was_learned(
        self, instance: Instance, tick: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("monitoring.history.sampling.LEARNS", 20)
        monkeypatch.setattr("monitoring.history.sampling.FIRST", 1)
        instance.upload("one")
        tick()
        instance.run("one", 5)
        tick(2)
        assert seqs("one") == [0]

        instance.run("one", 15)
        tick(2)
        assert seqs("one") == [0, 20]

    def test_goes_on_where_an_earlier_process_has_ended(
        self, instance: Instance, tick: Callable[..., None], clock: Timepiece
    ) -> None:
        instance.upload("one")
        instance.run("one", 2)
        tick()

        clock.go_on(60)
        later = Sampler(ask=measuring.ask_if_hot, clock=clock.clock)
        later.tick()
        later.tick()

        assert seqs("one") == [2]

    def test_reports_of_a_model_that_is_not_hot_what_its_snapshot_says(
        self, instance: Instance, clock: Timepiece
    ) -> None:
        instance.upload("one")
        instance.run("one", 4)
        snapshotting.take_snapshot(name="one")
        expected = measuring.model_metrics(name="one")
        runtime.stop_engine(seconds=10)

        Sampler(ask=measuring.ask_if_hot, clock=clock.clock).tick()

        assert seqs("one") == [4]
        assert MetricSnapshot.objects.get(model__name="one").values == expected

    def test_begins_anew_with_each_upload(self, instance: Instance, tick: Callable[..., None]) -> None:
        instance.upload("one")
        instance.run("one", 2)
        tick()
        instance.upload("one")
        tick()

        history = read_history(model="one", since=None, n_points=100)

        assert (history["generation"], history["seq"]) == ([1, 2], [2, 0])

    @pytest.mark.parametrize("is_hot", [True, False])
    def test_begins_anew_with_each_rollback(
        self, instance: Instance, tick: Callable[..., None], clock: Timepiece, is_hot: bool
    ) -> None:
        instance.upload("one")
        instance.run("one", 2)
        snapshotting.take_snapshot(name="one")
        then = measuring.model_metrics(name="one")
        instance.run("one", 3)
        tick()
        # The samples that follow look for what has changed in the last minutes only.
        ServedModel.objects.update(last_learned_at=at(0), uploaded_at=at(0))
        tick(600)
        rolling_back.roll_back(name="one", seq=2, now=at(SECONDS + 605))
        if not is_hot:
            runtime.stop_engine(seconds=10)
        tick()
        instance.run("one", 3)
        ServedModel.objects.update(last_learned_at=at(clock.now - NOON))
        tick()

        history = read_history(model="one", since=None, n_points=100)

        assert (history["generation"], history["seq"]) == ([1, 2, 2], [5, 2, 5])
        assert history["metrics"]["Accuracy"][1] == then["Accuracy"]
        assert seqs(None) == [5, 8]
        assert history["generations"][1] == {
            "generation": 2, "seq": 2, "time": NOON + SECONDS + 605, "kind": "rollback",
        }  # fmt: skip

    def test_keeps_nothing_of_a_model_that_is_gone(
        self, instance: Instance, tick: Callable[..., None]
    ) -> None:
        instance.upload("one")
        instance.run("one", 2)
        tick()
        uploading.delete_model(name="one")
        tick()

        assert not MetricSnapshot.objects.exclude(model=None).exists()

    def test_keeps_nothing_of_what_was_erased(self, instance: Instance, clock: Timepiece) -> None:
        instance.upload("one")
        instance.run("one", 2)
        sampler = Sampler(ask=measuring.ask_if_hot, clock=clock.clock)
        sampler.tick()
        wait_until(lambda: bool(sampler._answers))

        instance.init("regression")
        sampler.tick()

        assert not MetricSnapshot.objects.exists()

    def test_writes_nothing_that_was_erased_since_it_was_read(
        self, instance: Instance, clock: Timepiece, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        instance.upload("one")
        instance.run("one", 2)
        read = measuring.instance_metrics

        def read_and_erase(flavor: str) -> Any:
            values = read(flavor)
            instance.init("regression")
            return values

        monkeypatch.setattr(measuring, "instance_metrics", read_and_erase)

        Sampler(ask=measuring.ask_if_hot, clock=clock.clock).tick()

        assert not MetricSnapshot.objects.exists()

    def test_does_not_wait_for_a_slow_model(self, instance: Instance, clock: Timepiece) -> None:
        instance.upload("one")
        instance.run("one", 1)
        asked = []

        def never(name: str) -> Future[Any]:
            asked.append(name)
            return Future()

        sampler = Sampler(ask=never, clock=clock.clock)
        for _ in range(3):
            clock.go_on(SECONDS)
            sampler.tick()

        assert asked == ["one"]
        assert seqs("one") == []
        assert seqs(None) == [1]


class TestReadHistory:
    def test_gives_no_more_points_than_asked_for(self, instance: Instance) -> None:
        instance.upload("one")
        model = ServedModel.objects.get()
        MetricSnapshot.objects.bulk_create(
            MetricSnapshot(
                model=model,
                generation=1,
                seq=number,
                time=at(number),
                n_predictions=number,
                values={"MAE": number / 10},
                rolling={},
                level=0,
            )
            for number in range(1_000)
        )

        history = read_history(model="one", since=None, n_points=10)
        recent = read_history(model="one", since=at(990), n_points=500)

        assert history["seq"] == [0, 111, 222, 333, 444, 555, 666, 777, 888, 999]
        assert history["metrics"]["MAE"][-1] == 99.9
        assert recent["seq"] == list(range(990, 1_000))

    def test_gives_the_newest_learns_of_the_newest_upload(
        self, instance: Instance, tick: Callable[..., None]
    ) -> None:
        instance.upload("one")
        instance.run("one", 8)
        tick()
        instance.upload("one")
        for _ in range(3):
            instance.run("one", 4)
            tick()

        def newest(n_learns: int) -> list[int]:
            return read_history(model="one", since=None, n_learns=n_learns, n_points=100)["seq"]

        assert newest(4) == [8, 12]
        assert newest(5) == [8, 12]
        assert newest(1_000_000) == [4, 8, 12]
