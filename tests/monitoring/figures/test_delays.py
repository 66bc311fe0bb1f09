import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_app.journal import reading as journal
from models_app.models import JournalSegment
from models_app.services import runtime
from models_app.services.finding import Served, find
from models_app.wire.commands import learn_command
from monitoring.figures import delays as reading
from monitoring.figures.delays import DelayReader
from tests.services.instances import Instance


def row(name: str) -> Served:
    return find(name)


def learn_after(instance: Instance, seconds: float) -> None:
    """Have the model `one` learn what it predicted so many seconds ago, as soon as it is free to."""
    free_at = row("one").last_learned_at
    at = free_at.timestamp() if free_at is not None else time.time()
    instance.predict("p", "one", at=at, x=1.0)
    instance.learn("p", True, at=at + seconds)


def learn_features(n: int) -> None:
    """Have the model `one` learn records that bring their features."""
    engine = runtime.get_engine()
    for _ in range(n):
        engine.call(
            learn_command(
                ground_truth=True, prediction_id=None, features_json=b'{"x": 1}', model="one", now=time.time()
            )
        )


class TestDelayReader:
    def test_says_how_long_ground_truths_were_in_coming(self, instance: Instance) -> None:
        instance.upload("one")
        for seconds in (5, 3_600, 86_400):
            learn_after(instance, seconds)
        learn_features(2)

        assert DelayReader().of(row("one")) == pytest.approx([5, 3_600, 86_400], abs=5)

    def test_reads_each_learn_once(self, instance: Instance) -> None:
        instance.upload("one")
        reader = DelayReader()
        learn_after(instance, 10)
        first = reader.of(row("one"))
        JournalSegment.objects.update(learns="[]")
        learn_after(instance, 20)

        assert len(first) == 1
        assert reader.of(row("one")) == pytest.approx([10, 20], abs=5)

    def test_looks_no_further_back_than_it_must(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "LEARNS", 3)
        monkeypatch.setattr(journal, "_NEWEST_AT_A_TIME", 1)
        instance.upload("one")
        for seconds in (10, 20, 30, 40, 50):
            learn_after(instance, seconds)

        assert DelayReader().of(row("one")) == pytest.approx([30, 40, 50], abs=5)

    def test_does_not_read_all_of_large_features(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "_MAX_CHARACTERS", 0)
        instance.upload("one")
        for seconds in (10, 20):
            learn_after(instance, seconds)

        assert DelayReader().of(row("one")) == pytest.approx([20], abs=5)

    def test_begins_anew_with_an_upload(self, instance: Instance) -> None:
        instance.upload("one")
        reader = DelayReader()
        learn_after(instance, 10)
        reader.of(row("one"))

        instance.upload("one")

        assert reader.of(row("one")) == []

    def test_remembers_a_bounded_number_of_models(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "_MAX_MODELS", 1)
        reader = DelayReader()
        for name in ("one", "two"):
            instance.upload(name)
            instance.run(name, 1)
            reader.of(row(name))

        with CaptureQueriesContext(connection) as asked:
            assert len(reader.of(row("one"))) == 1
        assert list(reader._by_model) == [row("one").pk]
        assert len(asked) == 2
