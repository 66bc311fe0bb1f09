import asyncio
import json

import pytest

from models_app.domain.predictions import Prediction
from models_app.services.publishing import Learned, Predicted
from monitoring.streams.channels import EVENTS, FLAVORS, METRICS, MODELS
from monitoring.streams.hub import get_channel
from monitoring.streams.publishers import Publisher
from monitoring.streams.subscriber import StreamSubscriber, event_json
from tests.monitoring.streaming import Message, read_count


@pytest.fixture(autouse=True)
def _nobody_was_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.streams.hub._channels", {})


@pytest.fixture
def subscriber() -> StreamSubscriber:
    metrics = Publisher(channel=lambda: get_channel(METRICS), compute=lambda: {"MAE": 0.5}, idle_seconds=0.01)
    models = Publisher(channel=lambda: get_channel(MODELS), compute=lambda: {"m": {}}, idle_seconds=0.01)
    flavors = Publisher(channel=lambda: get_channel(FLAVORS), compute=lambda: {"a": {}}, idle_seconds=0.01)
    return StreamSubscriber(metrics_publisher=metrics, flavors_publisher=flavors, models_publisher=models)


def predicted(features: str = '{"x": 1}', prediction: Prediction = 2.5) -> Predicted:
    return Predicted(model="m", features=features.encode(), prediction=prediction)


def learned(ground_truth: bool | float | str = 3.0, prediction: Prediction = 2.5) -> Learned:
    return Learned(model="m", features=b'{"x": 1}', prediction=prediction, ground_truth=ground_truth)


class TestEventJson:
    def test_is_the_contracts_object_for_a_prediction(self) -> None:
        assert json.loads(event_json(predicted())) == {"model": "m", "features": {"x": 1}, "prediction": 2.5}

    def test_has_the_ground_truth_of_a_learn(self) -> None:
        event = learned(ground_truth=False, prediction={True: 0.25, False: 0.75})
        assert json.loads(event_json(event)) == {
            "model": "m",
            "features": {"x": 1},
            "prediction": {"true": 0.25, "false": 0.75},
            "ground_truth": False,
        }

    def test_is_valid_json_where_the_prediction_is_not_finite(self) -> None:
        assert json.loads(event_json(predicted(prediction=float("nan"))))["prediction"] is None

    def test_keeps_the_text_of_the_features(self) -> None:
        assert '"features":{"x":  1.50}' in event_json(predicted('{"x":  1.50}'))

    @pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\n\n", "\r\n\r\n"])
    def test_is_one_line_where_the_features_have_several(self, end: str) -> None:
        text = event_json(predicted(f'{{{end}"x":{end}1}}'))
        assert len(text.splitlines()) == 1
        assert json.loads(text)["features"] == {"x": 1}

    @pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029"])
    def test_is_one_line_where_a_text_has_what_unicode_calls_a_line_end(self, end: str) -> None:
        text = event_json(predicted(json.dumps(f"né{end}e", ensure_ascii=False)))
        assert len(text.splitlines()) == 1
        assert json.loads(text)["features"] == f"né{end}e"


class TestStreamSubscriber:
    def test_wants_nothing_while_nobody_listens(self, subscriber: StreamSubscriber) -> None:
        assert not subscriber.wants_events()

    @pytest.mark.parametrize("channel", [EVENTS, METRICS, FLAVORS, MODELS])
    def test_wants_events_while_somebody_listens(self, subscriber: StreamSubscriber, channel: str) -> None:
        async def scenario() -> bool:
            listener = get_channel(channel).listen()
            wanted = subscriber.wants_events()
            listener.close()
            return wanted

        assert asyncio.run(scenario())

    def test_hands_on_predictions_and_learns_in_order(self, subscriber: StreamSubscriber) -> None:
        async def scenario() -> list[Message]:
            listener = get_channel(EVENTS).listen()
            await asyncio.to_thread(subscriber.receive, [predicted(), learned(), predicted()])
            found = await read_count(listener, 3)
            listener.close()
            return found

        found = asyncio.run(scenario())
        assert [message.event for message in found] == ["predict", "learn", "predict"]
        assert json.loads(found[1].data)["ground_truth"] == 3.0

    def test_has_the_metrics_published_after_a_learn_only(self, subscriber: StreamSubscriber) -> None:
        async def scenario() -> list[Message]:
            channel = get_channel(METRICS)
            listener = channel.listen()
            await asyncio.to_thread(subscriber.receive, [predicted()])
            await asyncio.sleep(0.1)
            assert len(channel) == 0
            await asyncio.to_thread(subscriber.receive, [predicted(), learned()])
            found = await read_count(listener, 1)
            listener.close()
            return found

        [message] = asyncio.run(scenario())
        assert (message.event, json.loads(message.data)) == ("message", {"MAE": 0.5})

    def test_has_the_models_published_after_anything(self, subscriber: StreamSubscriber) -> None:
        async def scenario() -> list[Message]:
            listener = get_channel(MODELS).listen()
            await asyncio.to_thread(subscriber.receive, [predicted()])
            found = await read_count(listener, 1)
            listener.close()
            return found

        [message] = asyncio.run(scenario())
        assert (message.event, json.loads(message.data)) == ("message", {"m": {}})

    def test_publishes_nothing_on_a_channel_that_nobody_listens_to(
        self, subscriber: StreamSubscriber
    ) -> None:
        async def scenario() -> None:
            listener = get_channel(EVENTS).listen()
            subscriber.receive([learned()])
            await read_count(listener, 1)
            await asyncio.sleep(0.1)
            assert len(get_channel(METRICS)) == 0
            listener.close()

        asyncio.run(scenario())
