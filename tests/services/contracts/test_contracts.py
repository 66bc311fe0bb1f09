"""Feature contracts of models that are served: seen, frozen, uploaded, held to."""

import asyncio
import time
from typing import Any

import msgspec
import pytest
from pytest_django import Settings
from river import bandit, compose, linear_model, preprocessing, stats, time_series

from models_app.domain.errors import FeatureContract, InvalidRequest, ModelNotFound
from models_app.engine.commands import Command, PredictInDetail
from models_app.models import AuditEntry, PendingPrediction, ServedModel
from models_app.services import measuring, predicting, runtime
from models_app.services.contracts import changing, reading
from models_app.services.contracts.standing import Standing, standing
from models_app.services.rolling_back import roll_back
from models_app.wire.commands import learn_command, predict_command
from tests.services.instances import Instance

AREA = {
    "type": "object",
    "properties": {"area": {"type": "number"}},
    "required": ["area"],
    "additionalProperties": False,
}


def ask(command: Command) -> Any:
    return asyncio.run(predicting.answer(command))


def predict(model: str, prediction_id: str | None = None, /, **features: object) -> Any:
    return ask(
        predict_command(
            features_json=msgspec.json.encode(features),
            prediction_id=prediction_id,
            model=model,
            now=time.time(),
        )
    )


def learn(model: str, ground_truth: Any, /, **features: object) -> int:
    seq: int = ask(
        learn_command(
            ground_truth=ground_truth,
            prediction_id=None,
            features_json=msgspec.json.encode(features),
            model=model,
            now=time.time(),
        )
    )
    return seq


def teach(model: str, n: int = 100, /, **more: object) -> None:
    for number in range(n):
        learn(model, 2.0 * number, area=number + 0.5, **more)


def refused(model: str, /, **features: object) -> list[str]:
    """Return why a prediction is refused, or []; it must be by the contract."""
    try:
        predict(model, **features)
    except FeatureContract as error:
        return list(error.message["features"])  # type: ignore[index]  # by field
    return []


@pytest.fixture
def house(instance: Instance) -> str:
    """A regression on a number, which raises where it is none."""
    model = compose.Select("area") | preprocessing.StandardScaler() | linear_model.LinearRegression()
    return instance.upload("house", model, flavor="regression")


def state(name: str) -> object:
    row = ServedModel.objects.values("seq", "n_predictions", "last_learned_at").get(name=name)
    metrics = measuring.model_metrics(name=name)
    return row, metrics, list(PendingPrediction.objects.values())


class TestStrict:
    def test_refuses_what_was_not_seen_before_the_model_sees_it(self, house: str) -> None:
        teach(house, 20, city="Rome")
        predict(house, "pending", area=1.0, city="Oslo")
        changing.change_contract(name=house, is_frozen=True, is_strict=True)
        before = state(house)

        cases: list[tuple[dict[str, Any], str]] = [
            # The model would raise a TypeError.
            ({"area": "large", "city": "Rome"}, "area: must be number, not string"),
            ({"area": True, "city": "Rome"}, "area: must be number, not boolean"),
            ({"area": None, "city": "Rome"}, "area: must be number, not null"),
            ({"area": 1, "city": "Rome", "rooms": 3}, "rooms: is none of the features of the contract"),
            ({"area": 1}, "city: must be string, and is missing"),
        ]
        for features, reason in cases:
            assert refused(house, **features) == [reason]
            with pytest.raises(FeatureContract):
                predict(house, "pending", **features)
            with pytest.raises(FeatureContract):
                learn(house, 1.0, **features)

        assert state(house) == before
        assert refused(house, area=-5, city="Paris") == []

    def test_learns_from_what_was_predicted_before_the_contract(self, house: str) -> None:
        predict(house, "before", area=1.0, rooms=3)
        changing.set_contract(name=house, schema=AREA)
        changing.change_contract(name=house, is_strict=True)

        assert (
            ask(
                learn_command(
                    ground_truth=1.0, prediction_id="before", features_json=None, model=None, now=time.time()
                )
            )
            == 1
        )

    def test_refuses_what_another_model_was_asked_with(self, instance: Instance, house: str) -> None:
        instance.upload("other", linear_model.LinearRegression(), flavor="regression")
        changing.set_contract(name=house, schema=AREA)
        changing.change_contract(name=house, is_strict=True)
        predict("other", "theirs", rooms=3)

        with pytest.raises(FeatureContract):
            ask(
                learn_command(
                    ground_truth=1.0, prediction_id="theirs", features_json=None, model=house, now=time.time()
                )
            )

        assert PendingPrediction.objects.filter(pk="theirs").exists()

    def test_refuses_before_details_are_asked_for(self, house: str) -> None:
        changing.set_contract(name=house, schema=AREA)
        changing.change_contract(name=house, is_strict=True)
        asked = predict_command(
            features_json=b'{"rooms": 3}', prediction_id=None, model=house, now=time.time()
        )

        with pytest.raises(FeatureContract):
            ask(PredictInDetail(asked, ("explanation",)))

    @pytest.mark.parametrize("wrong", [b'{"area": "x"}', b'{"area": 1, "rooms": 3}'])
    def test_refuses_the_one_of_a_batch(self, house: str, wrong: bytes) -> None:
        changing.set_contract(name=house, schema=AREA)
        changing.change_contract(name=house, is_strict=True)
        commands = [
            learn_command(
                ground_truth=1.0,
                prediction_id=None,
                features_json=wrong if number == 7 else b'{"area": 1}',
                model=house,
                now=time.time(),
            )
            for number in range(20)
        ]
        futures = [command.answered_in_thread() for command in commands]
        runtime.get_engine().submit_many(commands)

        errors = [future.exception(timeout=30) for future in futures]
        assert [number for number, error in enumerate(errors) if error is not None] == [7]
        assert measuring.model_metrics(name=house)["MAE"] is not None
        assert ServedModel.objects.get(name=house).seq == 19

    def test_holds_to_what_was_seen_only_once_it_has_settled(self, house: str, settings: Settings) -> None:
        settings.STRICT_FEATURES = True
        teach(house, 10)
        assert refused(house, area=1.0, rooms=3) == []

        teach(house, 90)
        # What the follower does.
        changing.change_contract(name=house, is_frozen=False)

        assert refused(house, area=1.0, rooms=3) != []
        assert refused(house, area=1.0) == []

    def test_of_a_model_has_precedence_over_the_setting(self, house: str, settings: Settings) -> None:
        settings.STRICT_FEATURES = True
        changing.set_contract(name=house, schema=AREA)
        assert refused(house, area=1, x=1) != []

        changing.change_contract(name=house, is_strict=False)
        assert refused(house, area=1, x=1) == []

        changing.change_contract(name=house, is_strict=None)
        assert refused(house, area=1, x=1) != []

    def test_is_seen_by_who_follows_another_process(self, house: str) -> None:
        other = Standing()
        other.refresh()
        model_id = ServedModel.objects.get(name=house).pk
        assert other.of(model_id) is None

        changing.set_contract(name=house, schema=AREA)
        changing.change_contract(name=house, is_strict=True)
        other.refresh()
        assert other.of(model_id) is not None

        changing.change_contract(name=house, is_strict=False)
        other.refresh()
        assert other.of(model_id) is None


class TestContracts:
    def test_stay_with_rollbacks_and_frozen_ones_with_uploads(self, instance: Instance, house: str) -> None:
        from django.utils import timezone

        teach(house)
        assert reading.get_contract(name=house).schema is not None
        roll_back(name=house, seq=0, generation=None, now=timezone.now())
        # Nobody has written down what was seen.
        assert reading.get_contract(name=house).seen.n == 0

        changing.set_contract(name=house, schema=AREA)
        instance.upload("house", linear_model.LinearRegression(), flavor="regression")
        assert reading.get_contract(name=house).is_frozen

        changing.change_contract(name=house, is_frozen=False)
        assert reading.get_contract(name=house).schema is None

    def test_can_be_downloaded_and_uploaded_again(self, house: str) -> None:
        teach(house)
        changing.change_contract(name=house, is_frozen=True)
        document = reading.document(reading.get_contract(name=house))

        changing.set_contract(name=house, schema=document)

        assert document["properties"]["area"]["x-seen"] == {
            "kinds": {"number": 100}, "missing": 0, "minimum": 0.5, "maximum": 99.5,
        }  # fmt: skip
        assert reading.get_contract(name=house).schema == document

    def test_are_changed_on_the_record_without_values(self, house: str) -> None:
        teach(house, 3)
        changing.change_contract(name=house, is_frozen=True, is_strict=True)
        changing.set_contract(name=house, schema={**AREA, "properties": {"area": {"enum": ["secret"]}}})

        entries = list(AuditEntry.objects.order_by("pk").filter(action__endswith="_contract"))
        assert [(entry.action, entry.details) for entry in entries] == [
            ("change_contract", {"strict": True, "frozen": True}),
            ("set_contract", {}),
        ]
        assert len(entries[1].digest) == 64

    def test_cannot_be_of_nothing(self, instance: Instance, house: str) -> None:
        instance.upload("mean", stats.Mean(), flavor="statistic")
        instance.upload("adwin", __import__("river").drift.ADWIN(), flavor="drift")

        with pytest.raises(InvalidRequest, match="nothing was seen"):
            changing.change_contract(name=house, is_frozen=True)
        with pytest.raises(InvalidRequest, match="nothing was seen"):
            changing.change_contract(name="mean", is_frozen=True)
        with pytest.raises(InvalidRequest, match="takes no features"):
            changing.set_contract(name="adwin", schema=AREA)
        with pytest.raises(ModelNotFound):
            changing.set_contract(name="nobody", schema=AREA)

        assert reading.get_contract(name=house).schema is None

    def test_go_with_their_models(self, instance: Instance, house: str) -> None:
        changing.set_contract(name=house, schema=AREA)
        instance.init("binary")

        standing.refresh()
        with pytest.raises(ModelNotFound):
            reading.get_contract(name=house)


class TestOtherFlavors:
    def test_forecasts_have_features_of_steps(self, instance: Instance) -> None:
        instance.upload("sales", time_series.SNARIMAX(p=1, d=0, q=0), flavor="forecasting")
        changing.set_contract(name="sales", schema=AREA)
        changing.change_contract(name="sales", is_strict=True)
        learn("sales", 1.0, area=2.0)

        with pytest.raises(FeatureContract) as found:
            instance.ask("id", "sales", horizon=2, xs=[{"area": 1}, {"rooms": 1}])
        assert found.value.message == {
            "xs[1]": [
                "rooms: is none of the features of the contract",
                "area: must be number, and is missing",
            ]
        }
        with pytest.raises(FeatureContract):
            instance.observe("sales", 1.0)

    def test_bandits_have_a_context(self, instance: Instance) -> None:
        instance.upload("offers", bandit.EpsilonGreedy(0.5, seed=1), flavor="bandit")
        changing.set_contract(name="offers", schema=AREA)
        changing.change_contract(name="offers", is_strict=True)

        with pytest.raises(FeatureContract, match="missing"):
            instance.ask("id", "offers", arms=["a", "b"])
        instance.ask("id", "offers", arms=["a", "b"], features={"area": 1.0})

    def test_texts_are_of_another_kind_than_objects(self, instance: Instance) -> None:
        from river import feature_extraction, naive_bayes

        model = feature_extraction.BagOfWords() | naive_bayes.MultinomialNB()
        instance.upload("spam", model, flavor="multiclass")
        text = predict_command(features_json=b'"buy now"', prediction_id="t", model="spam", now=time.time())
        ask(text)
        changing.change_contract(name="spam", is_frozen=True, is_strict=True)

        assert reading.get_contract(name="spam").schema["type"] == "string"  # type: ignore[index]
        assert refused("spam", area=1) == ["must be string, not object"]
