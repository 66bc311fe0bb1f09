"""The metrics over all models are the fold of all segments, whoever wrote, folded or deleted them."""

import math
import pickle

import pytest
from django.utils import timezone

from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command
from models_app.paradigms.binary import BINARY
from models_app.paradigms.regression import REGRESSION
from models_app.services import uploading
from models_app.services.folding import InstanceMetrics
from models_app.services.uploading import delete_model, upload_model
from tests.engine.conftest import MakeEngine, learn, make_engine, storage
from tests.engine.models import Counting
from tests.services.instances import logistic
from tests.storages import OurStorage

__all__ = ["make_engine", "storage"]


@pytest.fixture(autouse=True)
def _two_models(storage: OurStorage) -> None:  # a fixture
    for name in ("kept", "deleted"):
        upload_model(data=pickle.dumps(Counting()), name=name, now=timezone.now())


@pytest.fixture
def learned(make_engine: MakeEngine) -> float:  # a fixture
    """Let both models learn; return the mean absolute error over both."""
    engine = make_engine()
    commands: list[Command] = [
        learn(name, {}, y) for name, y in (("kept", 9.0), ("deleted", 19.0)) for _ in range(3)
    ]
    answered = Bundle(commands).answered_in_thread()
    engine.submit_many(commands)
    answered.result(timeout=30)
    return (9 + 8 + 7 + 19 + 18 + 17) / 6


class TestInstanceMetrics:
    def test_of_a_deleted_model_are_written_down_before_its_journal_goes(self, learned: float) -> None:
        delete_model(name="deleted")

        assert InstanceMetrics().values(REGRESSION)["MAE"] == pytest.approx(learned)

    def test_of_a_model_that_is_replaced_are_written_down_too(self, learned: float) -> None:
        upload_model(data=pickle.dumps(Counting()), name="deleted", now=timezone.now())

        assert InstanceMetrics().values(REGRESSION)["MAE"] == pytest.approx(learned)

    def test_agree_with_a_process_that_has_folded_and_deleted(
        self, learned: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours, theirs = InstanceMetrics(), InstanceMetrics()
        monkeypatch.setattr(uploading, "get_instance_metrics", lambda: theirs)
        delete_model(name="deleted")

        # Its segments are gone, and what was made of them is in the database.
        assert ours.values(REGRESSION)["MAE"] == pytest.approx(learned)

    def test_catch_up_with_what_another_process_has_deleted_meanwhile(
        self, make_engine: MakeEngine, learned: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours, theirs = InstanceMetrics(), InstanceMetrics()
        assert ours.values(REGRESSION)["MAE"] == pytest.approx(learned)
        make_engine().call(learn("deleted", {}, 3.0))
        monkeypatch.setattr(uploading, "get_instance_metrics", lambda: theirs)
        delete_model(name="deleted")

        assert ours.values(REGRESSION) == theirs.values(REGRESSION)
        assert ours.values(REGRESSION)["MAE"] == pytest.approx(6 * learned / 7)


class TestFlavors:
    def test_have_a_fold_each(self, learned: float, make_engine: MakeEngine) -> None:
        upload_model(data=pickle.dumps(logistic()), name="other", flavor="binary", now=timezone.now())
        make_engine().call(learn("other", {"x": 1.0}, True))
        folded = InstanceMetrics()

        assert folded.values(REGRESSION)["MAE"] == pytest.approx(learned)
        assert folded.values(BINARY)["LogLoss"] == pytest.approx(math.log(2))

    def test_keep_what_a_model_has_learned_that_one_of_another_flavor_replaces(
        self, learned: float, make_engine: MakeEngine
    ) -> None:
        upload_model(data=pickle.dumps(logistic()), name="deleted", flavor="binary", now=timezone.now())
        make_engine().call(learn("deleted", {"x": 1.0}, False))
        upload_model(data=pickle.dumps(Counting()), name="deleted", now=timezone.now())
        make_engine().call(learn("deleted", {}, 5.0))

        folded = InstanceMetrics()

        assert folded.values(REGRESSION)["MAE"] == pytest.approx((6 * learned + 5) / 7)
        assert folded.values(BINARY)["LogLoss"] == pytest.approx(math.log(2))

    def test_go_on_from_what_was_written_down_as_this_process_knows_it(
        self, learned: float, make_engine: MakeEngine
    ) -> None:
        upload_model(data=pickle.dumps(logistic()), name="other", flavor="binary", now=timezone.now())
        engine = make_engine()
        folded = InstanceMetrics()
        folded.persist()
        engine.call(learn("other", {"x": 1.0}, True))
        engine.call(learn("kept", {}, 3.0))
        folded.persist()

        for metrics in (folded, InstanceMetrics()):
            assert metrics.values(REGRESSION)["MAE"] == pytest.approx(6 * learned / 7)
            assert metrics.values(BINARY)["LogLoss"] == pytest.approx(math.log(2))

    def test_that_have_seen_nothing_say_so(self) -> None:
        assert InstanceMetrics().values(BINARY)["Accuracy"] == 0.0
