"""Feeding the engine with many records."""

import itertools
import signal
import sqlite3
from collections.abc import Iterator

import pytest
from django.db import connection, connections

from models_app.domain.errors import InvalidRequest, ModelNotFound, ModelRaised, StorageUnavailable
from models_app.models import PendingPrediction, ServedModel
from models_app.services import feeding, folding, runtime, warming
from models_app.services.feeding import Answered, Feed
from models_app.services.files import BadLine, FileRecord
from models_app.services.folding import InstanceMetrics
from tests.services.history_models import Refusing
from tests.services.instances import Instance, logistic
from tests.services.numbered import learned, numbered, record


@pytest.fixture
def regression(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance with a model that refuses what it is asked to refuse."""
    # The tests' database begins anew with the ids of segments that this process has seen already.
    monkeypatch.setattr(folding, "_instance", InstanceMetrics())
    instance.init("regression")
    instance.upload("model", Refusing())
    return instance


def seq() -> int:
    return ServedModel.objects.get(name="model").seq


def lines_of(answers: list[Answered]) -> list[int]:
    return [answered.line for answered in answers if answered.error is None]


class TestFeed:
    def test_learns_in_order_and_answers_in_order(self, regression: Instance) -> None:
        feed = warming.learn_feed(model="model", skip_errors=False)

        answers = list(feed.answers(numbered(5_000)))

        assert [(answered.line, answered.result) for answered in answers] == [(n, n) for n in range(1, 5_001)]
        assert learned() == list(range(1, 5_001))

    def test_reads_no_further_than_the_bound(self, regression: Instance) -> None:
        n_read = 0

        def lines() -> Iterator[FileRecord]:
            nonlocal n_read
            for n_read in range(1, 10_001):
                yield record(n_read)

        ahead = []
        feed = warming.learn_feed(model="model", skip_errors=False)
        for n_answered, _ in enumerate(feed.answers(lines())):
            ahead.append(n_read - n_answered)

        assert n_answered == 9_999
        assert feeding.MAX_IN_FLIGHT <= max(ahead) <= feeding.MAX_IN_FLIGHT + feeding._GROUP

    def test_reads_no_further_than_the_bytes(
        self, regression: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feeding, "MAX_BYTES_IN_FLIGHT", 100_000)
        taken = itertools.count(1)
        lines = (record(next(taken), text="x" * 10_000) for _ in range(1_000))
        feed = warming.learn_feed(model="model", skip_errors=False)

        first = next(feed.answers(lines))

        assert first.line == 1
        assert next(taken) - 1 == feeding._GROUP

    def test_may_be_of_nothing(self, regression: Instance) -> None:
        assert list(warming.learn_feed(model="model", skip_errors=False).answers([])) == []

    def test_refuses_a_model_that_is_not_there(self, regression: Instance) -> None:
        with pytest.raises(ModelNotFound):
            warming.learn_feed(model="nobody", skip_errors=False)


BAD = [
    BadLine(line=700, error=InvalidRequest("Not good.")),
    FileRecord(line=700, features=b"[1]", ground_truth=1),
    FileRecord(line=700, features=b'{"n": 700}', ground_truth="text"),
    FileRecord(line=700, features=b'{"n": 700}', ground_truth=1, model="other"),
    record(700, refuse=True),
]


class TestAnError:
    @pytest.mark.parametrize("bad", BAD)
    def test_ends_the_pass_just_there(self, regression: Instance, bad: FileRecord | BadLine) -> None:
        feed = warming.learn_feed(model="model", skip_errors=False)

        answers = list(feed.answers(numbered(5_000, bad)))

        assert lines_of(answers) == list(range(1, 700))
        failed = answers[699]
        assert (failed.line, failed.is_skipped) == (700, False)
        assert learned() == list(range(1, 700))
        assert seq() == 699

    @pytest.mark.parametrize("bad", BAD)
    def test_is_skipped_where_that_is_asked(self, regression: Instance, bad: FileRecord | BadLine) -> None:
        feed = warming.learn_feed(model="model", skip_errors=True)

        answers = list(feed.answers(numbered(2_000, bad)))

        rest = [*range(1, 700), *range(701, 2_001)]
        assert lines_of(answers) == rest
        assert [answered.line for answered in answers if answered.is_skipped] == [700]
        assert learned() == rest

    def test_that_ends_the_file_is_never_skipped(self, regression: Instance) -> None:
        bad = BadLine(line=3, error=InvalidRequest("It ends here."), ends_file=True)

        answers = list(warming.learn_feed(model="model", skip_errors=True).answers(numbered(3, bad)))

        assert lines_of(answers) == [1, 2]
        assert not answers[2].is_skipped

    def test_in_predicting_leaves_no_hole_that_is_not_reported(self, instance: Instance) -> None:
        instance.upload("model", logistic())
        bad = FileRecord(line=700, features=b'{"n": "text"}', ground_truth=True)
        lines = [
            bad if line == 700 else FileRecord(line=line, features=b'{"n": 1}', ground_truth=True)
            for line in range(1, 5_001)
        ]
        feed = warming.learn_feed(model="model", skip_errors=False)

        answers = list(feed.answers(lines))

        done = lines_of(answers)
        assert isinstance(answers[699].error, ModelRaised)
        assert done[:699] == list(range(1, 700))
        # What shared the batch is learned, and answered; nothing of the later batches is.
        assert done[699:] == list(range(701, 701 + len(done) - 699))
        assert seq() == len(done) < 4_999

    @pytest.mark.parametrize("skips", [False, True])
    def test_of_the_database_leaves_no_hole(
        self, regression: Instance, skips: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        feed = warming.learn_feed(model="model", skip_errors=skips)
        runtime.stop_engine(seconds=10)
        monkeypatch.setitem(connections.settings["default"]["OPTIONS"], "timeout", 0.2)
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        answers = []
        for answered in feed.answers(numbered(5_000)):
            if other.in_transaction:
                # From now on the later lines could be learned.
                other.execute("ROLLBACK")
            answers.append(answered)
        other.close()

        assert isinstance(answers[0].error, StorageUnavailable)
        assert not any(answered.is_skipped for answered in answers)
        assert seq() == 0


class TestPredicting:
    def test_keeps_what_has_an_id(self, regression: Instance) -> None:
        feed = warming.predict_feed(model=None, skip_errors=False)
        lines = [record(1), FileRecord(line=2, features=b'{"n": 2}', prediction_id=42)]

        answers = list(feed.answers(lines))

        assert [answered.result for answered in answers] == [("model", 0.0)] * 2
        assert [pending.prediction_id for pending in PendingPrediction.objects.all()] == ["42"]

    def test_asks_the_model_of_the_record(self, regression: Instance) -> None:
        regression.upload("other", Refusing())
        feed = warming.predict_feed(model="other", skip_errors=False)

        answers = list(feed.answers([record(1), FileRecord(line=2, features=b"{}", model="model")]))

        assert [answered.result[0] for answered in answers] == ["other", "model"]

    def test_keeps_nothing_of_what_comes_after_an_error(self, regression: Instance) -> None:
        lines = [
            FileRecord(line=n, features=b'{"hide": %d}' % (n == 700), prediction_id=n)
            for n in range(1, 5_001)
        ]
        feed = warming.predict_feed(model="model", skip_errors=False)

        answers = list(feed.answers(lines))

        assert isinstance(answers[699].error, ModelRaised)
        assert not answers[699].is_skipped
        pending = PendingPrediction.objects.values_list("prediction_id", flat=True)
        assert sorted(map(int, pending)) == list(range(1, 700))


class TestInterruption:
    def test_finishes_what_is_under_way(self, regression: Instance) -> None:
        feed = warming.learn_feed(model="model", skip_errors=False)

        def lines() -> Iterator[FileRecord]:
            for n in itertools.count(1):
                if n == 1_000:
                    # As a signal's handler: while a pipe says nothing.
                    feed.interrupt(signal.SIGINT)
                yield record(n)

        answers = list(feed.answers(lines()))

        assert feed.was_interrupted
        done = lines_of(answers)
        assert done == list(range(1, len(done) + 1))
        assert len(done) < 1_000
        assert seq() == len(done)

    def test_of_a_model_that_never_answers_does_not_wait(self, regression: Instance) -> None:
        feed = warming.learn_feed(model="model", skip_errors=False)
        feed.interrupt()

        with pytest.raises(KeyboardInterrupt):
            feed.interrupt()

        assert list(feed.answers(numbered(3))) == []


class TestWatch:
    def test_reports_the_metrics_without_waiting(self, regression: Instance) -> None:
        feed: Feed[FileRecord] = warming.learn_feed(model="model", skip_errors=False)
        poller = warming.MetricsPoller("model")
        for _ in feed.answers(numbered(10)):
            pass

        poller.tick()
        warming.vitals("model")
        poller.tick()

        assert poller.metrics == warming.vitals("model").metrics
        assert poller.metrics["MAE"] == 1.0

    @pytest.mark.sqlite
    def test_survives_a_database_that_is_busy(self, regression: Instance) -> None:
        poller = warming.MetricsPoller("model")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        poller.finish()

        other.execute("ROLLBACK")
        other.close()
