import msgspec
import pytest

from models_app.engine import recent
from models_app.engine.ports import Pending
from models_app.engine.recent import RecentPredictions


def pending(prediction_id: str, *, token: int = 0, features: str = "{}") -> Pending:
    return Pending(
        prediction_id=prediction_id,
        model_id=1,
        model_name="model",
        token=token,
        features=features,
        prediction="0.0",
        predicted_at=0.0,
        flavor="regression",
    )


class TestRecentPredictions:
    def test_are_forgotten_when_they_are_taken(self) -> None:
        memory = RecentPredictions()
        memory.remember([pending("1"), pending("2")])

        assert memory.take(["1", "3"]) == {"1": pending("1")}
        assert memory.take(["1", "2"]) == {"2": pending("2")}

    def test_are_forgotten_with_their_model(self) -> None:
        memory = RecentPredictions()
        memory.remember([pending("1"), msgspec.structs.replace(pending("2"), model_name="other")])

        memory.forget("model")

        assert set(memory.take(["1", "2"])) == {"2"}

    def test_are_replaced_by_a_later_one_with_their_id(self) -> None:
        memory = RecentPredictions()

        memory.remember([pending("1", token=1), pending("1", token=2)])

        assert memory.take(["1"])["1"].token == 2

    def test_give_way_by_their_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(recent, "_MAX_PREDICTIONS", 3)
        memory = RecentPredictions()

        memory.remember(pending(str(number)) for number in range(5))
        memory.remember([pending("2")])
        memory.remember([pending("5")])

        assert set(memory.take([str(number) for number in range(6)])) == {"2", "4", "5"}

    def test_give_way_by_their_size(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(recent, "_MAX_BYTES", 100)
        memory = RecentPredictions()

        for number in range(5):
            memory.remember([pending(str(number), features="x" * 40)])
        memory.take(["4"])
        memory.remember([pending("5", features="x" * 60)])

        assert set(memory.take([str(number) for number in range(6)])) == {"3", "5"}
