import pickle
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from river import linear_model

from models_app.domain import learns
from models_app.domain.errors import ChantillyError, ModelNotFound, ModelRaised, NotReplayable
from models_app.domain.learns import Learn
from models_app.models import JournalSegment, PendingPrediction, Replay, ServedModel
from models_app.services import measuring, replaying, snapshotting
from models_app.services.exporting import export_model
from models_app.services.feeding import Answered
from tests.servers.folds import Scores
from tests.services.history_models import Refusing
from tests.services.instances import Instance
from tests.services.test_rolling_back import figures, learned, roll_back


def replay(generation: int = 1, **options: Any) -> list[Answered]:
    plan = replaying.begin_replay(name="model", generation=generation, **{"scores_answers": True, **options})
    return list(plan.feed().answers(plan.records()))


def journal(generation: int) -> list[Learn]:
    rows = JournalSegment.objects.filter(generation=generation).order_by("first_seq")
    return [learn for text in rows.values_list("learns", flat=True) for learn in learns.decode(text)]


def learn(instance: Instance, model: str, truths: Sequence[float]) -> None:
    for truth in truths:
        instance.predict("now", model, x=truth % 7)
        instance.learn("now", truth)


def without_time(records: Sequence[Learn]) -> list[tuple[object, ...]]:
    return [
        (r.prediction_id, bytes(r.features), bytes(r.prediction), r.ground_truth, r.predicted_at)
        for r in records
    ]


@pytest.fixture
def rolled_back(instance: Instance) -> Instance:
    """An instance with a model that is at learn 10 again, and was at 30 before."""
    instance.upload("model")
    learned(instance, 10)
    instance.run("model", 20)
    roll_back(10)
    return instance


class TestReplay:
    def test_of_everything_leads_to_where_the_model_was(self, instance: Instance) -> None:
        instance.upload("model")
        learned(instance, 10)
        # Predicted long before it is learned: what it says is not what the model would say now.
        instance.predict("early", "model", x=2.0)
        instance.run("model", 10)
        instance.learn("early", ground_truth=True)
        before = figures()
        roll_back(10)

        answers = replay()

        assert [answered.line for answered in answers] == list(range(11, 22))
        assert figures() == before
        assert without_time(journal(2)) == without_time(journal(1)[10:])

    def test_predicts_anew_where_the_answers_are_of_no_use(self, instance: Instance) -> None:
        instance.init("regression")
        for name in ("model", "other"):
            instance.upload(name, linear_model.LinearRegression())
            learn(instance, name, [1.0, 2.0, 3.0])
        snapshotting.take_snapshot(name="model")
        # What it answers after the second of these is far off.
        learn(instance, "model", [4.0, 4e6, 5.0, 6.0])
        roll_back(3)

        replay(until=4, scores_answers=False)
        replay(after=5, scores_answers=False)
        learn(instance, "other", [4.0, 5.0, 6.0])

        assert figures("model") == figures("other")

    def test_is_reported_as_learned_now(self, rolled_back: Instance) -> None:
        replay()

        assert journal(2)[0].learned_at > journal(1)[-1].learned_at
        segment = JournalSegment.objects.filter(generation=2).latest("first_seq")
        assert ServedModel.objects.get().last_learned_at == segment.committed_at

    def test_comes_after_what_was_learned_meanwhile(self, rolled_back: Instance) -> None:
        rolled_back.run("model", 4)

        replay()

        assert without_time(journal(2)[4:]) == without_time(journal(1)[10:])
        assert figures().seq == 34

    def test_counts_again_in_the_metrics_over_all_models(self, rolled_back: Instance) -> None:
        replay()

        # The same learns in the same order, by bare metrics.
        scores = Scores("binary")
        for text in JournalSegment.objects.order_by("pk").values_list("learns", flat=True):
            for learn in learns.decode(text):
                scores.update(learn.y_true(), learn.y_pred())
        assert len(journal(1)) + len(journal(2)) == 50
        assert measuring.instance_metrics() == scores.values()

    def test_leaves_what_is_pending(self, rolled_back: Instance) -> None:
        rolled_back.predict("model-12", "model", x=5.0)

        replay()

        assert PendingPrediction.objects.get().prediction_id == "model-12"

    def test_ends_where_it_is_asked_to_and_goes_on_from_there(self, rolled_back: Instance) -> None:
        first = [answered.line for answered in replay(until=15)]
        none = replay(until=15)
        rest = [answered.line for answered in replay()]
        again = replay()

        assert (first, rest) == (list(range(11, 16)), list(range(16, 31)))
        assert none == again == []
        assert figures().seq == 30

    def test_goes_on_in_the_middle_of_a_segment(self, rolled_back: Instance) -> None:
        merge_segments(1, after=10)

        replay(until=17)
        replay()

        assert without_time(journal(2)) == without_time(journal(1)[10:])

    def test_leaves_out_what_it_is_asked_to(self, rolled_back: Instance) -> None:
        replay(until=15)
        replay(after=20)

        assert without_time(journal(2)) == without_time(journal(1)[10:15] + journal(1)[20:])

    def test_goes_through_every_generation_that_is_not_in_the_model(self, rolled_back: Instance) -> None:
        # The third generation stems from the second's learn 12, which stems from the first's 10.
        rolled_back.run("model", 2)
        snapshotting.take_snapshot(name="model")
        rolled_back.run("model", 3)
        roll_back(12)

        assert [answered.line for answered in replay(2)] == [13, 14, 15]
        assert [answered.line for answered in replay(1)] == list(range(11, 31))
        assert figures().seq == 12 + 3 + 20

    def test_takes_all_of_a_generation_that_it_does_not_stem_from(self, rolled_back: Instance) -> None:
        rolled_back.run("model", 2)
        roll_back(0, generation=1)

        assert [answered.line for answered in replay(2)] == [11, 12]
        assert [answered.line for answered in replay(1)] == list(range(1, 31))

    def test_by_two_at_once_learns_everything_once(self, rolled_back: Instance) -> None:
        plans = [replaying.begin_replay(name="model", generation=1, scores_answers=True) for _ in range(2)]
        answers: list[Answered] = []

        def run(plan: replaying.PlannedReplay) -> None:
            answers.extend(plan.feed().answers(plan.records()))
            connection.close()

        threads = [threading.Thread(target=run, args=(plan,)) for plan in plans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        done = [answered.line for answered in answers if answered.error is None]
        assert sorted(done) == list(range(11, 11 + len(done)))
        assert all(isinstance(answered.error, ChantillyError | None) for answered in answers)
        # Whatever was refused can be replayed now.
        replay()
        assert without_time(journal(2)) == without_time(journal(1)[10:])

    def test_ends_where_the_model_is_replaced(self, rolled_back: Instance) -> None:
        plan = replaying.begin_replay(name="model", generation=1)
        roll_back(10)

        answers = list(plan.feed().answers(plan.records()))

        assert isinstance(answers[0].error, NotReplayable)
        assert "was replaced or rolled back meanwhile" in str(answers[0].error)
        assert figures().seq == 10

    def test_ends_where_the_model_raises_and_goes_on_there(self, instance: Instance) -> None:
        instance.init("regression")
        instance.upload("model", Refusing())
        for number in range(5):
            instance.predict(f"{number}", "model", n=number)
            instance.learn(f"{number}", 1.0)
        roll_back(0)
        segment = JournalSegment.objects.get(generation=1, first_seq=3)
        broken = segment.learns.replace('{"n":2}', '{"n":2,"refuse":1}')
        JournalSegment.objects.filter(pk=segment.pk).update(learns=broken)

        answers = replay()

        assert [answered.line for answered in answers if answered.error is None] == [1, 2]
        assert isinstance(answers[2].error, ModelRaised)
        assert Replay.objects.get().seq == 2
        JournalSegment.objects.filter(pk=segment.pk).update(learns=segment.learns)
        replay()
        model = pickle.loads(export_model(name="model"))
        assert model.learned == [0, 1, 2, 3, 4]

    def test_ends_at_a_gap_in_the_journal(self, rolled_back: Instance) -> None:
        JournalSegment.objects.filter(generation=1, first_seq=14).delete()

        answers = replay()

        assert [answered.line for answered in answers if answered.error is None] == [11, 12, 13]
        assert str(answers[-1].error) == "The journal of 'model' has a gap after learn 13."


class TestBeginReplay:
    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"generation": 2}, "Generation 2 of 'model' is none before 2."),
            ({"generation": 0}, "Generation 0 of 'model' is none before 2."),
            ({"generation": 1, "after": 9}, "{'after': ['must be from 10 to 30']}"),
            ({"generation": 1, "after": 31}, "{'after': ['must be from 10 to 30']}"),
            ({"generation": 1, "until": 9}, "{'until': ['must be from 10 to 30']}"),
            ({"generation": 1, "until": 31}, "{'until': ['must be from 10 to 30']}"),
            ({"generation": 1, "after": 20, "until": 15}, "{'until': ['must be from 20 to 30']}"),
        ],
    )
    def test_refuses_what_is_not_there(
        self, rolled_back: Instance, options: dict[str, Any], reason: str
    ) -> None:
        with pytest.raises(NotReplayable) as refused:
            replaying.begin_replay(name="model", **options)

        assert str(refused.value) == reason
        assert not Replay.objects.exists()

    def test_refuses_what_an_upload_has_discarded(self, rolled_back: Instance) -> None:
        rolled_back.upload("model")

        with pytest.raises(NotReplayable, match="A later upload to 'model' has discarded generation 1"):
            replaying.begin_replay(name="model", generation=1)

    def test_refuses_a_name_that_nobody_has(self, instance: Instance) -> None:
        with pytest.raises(ModelNotFound):
            replaying.begin_replay(name="model", generation=1)


def merge_segments(generation: int, *, after: int) -> None:
    """Make one segment of all of a generation's after a seq, as a busy server writes them."""
    rows = JournalSegment.objects.filter(generation=generation, first_seq__gt=after).order_by("first_seq")
    first, *others = rows
    merged = [learn for row in rows for learn in learns.decode(row.learns)]
    JournalSegment.objects.filter(pk__in=[row.pk for row in others]).delete()
    JournalSegment.objects.filter(pk=first.pk).update(
        learns=learns.encode(merged), last_seq=first.first_seq + len(merged) - 1
    )
