import pytest

from models_app.services import measuring, weighing
from models_app.services.finding import find, find_all
from models_app.services.weighing import Scales
from tests.own_models import Padded
from tests.services.instances import Instance


class TestScales:
    def test_weigh_a_model_again_when_it_has_learned_and_some_time_has_passed(
        self, instance: Instance
    ) -> None:
        clock = [0.0]
        scales = Scales(now=lambda: clock[0])
        instance.upload("one")
        model = find("one")

        def weight() -> int:
            n_bytes = scales.weigh(model, measuring.vitals(name="one"))
            assert n_bytes is not None
            return n_bytes

        before = weight()
        instance.run("one", 20)
        assert weight() == before
        clock[0] += 61
        after = weight()

        assert before > 1_000
        assert after > before

    def test_weigh_a_new_upload(self, instance: Instance) -> None:
        scales = Scales()
        instance.upload("one")
        first = scales.weigh(find("one"), measuring.vitals(name="one"))
        large = instance.upload("one", Padded())

        second = scales.weigh(find(large), measuring.vitals(name=large))

        assert first is not None
        assert second is not None
        assert second > Padded.n_bytes > first

    def test_weigh_no_longer_than_they_may(self, instance: Instance) -> None:
        scales = Scales()
        for name in ("one", "two"):
            instance.upload(name)
        models = [(model, measuring.vitals(name=model.name)) for model in find_all()]

        assert scales.weigh_some(models, seconds=-1.0) == {}
        assert scales.weigh_some(models, seconds=60.0).keys() == {"one", "two"}
        # What is known is told.
        assert scales.weigh_some(models, seconds=-1.0).keys() == {"one", "two"}

    def test_remember_a_bounded_number(self, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(weighing, "_MAX_MODELS", 1)
        scales = Scales()
        for name in ("one", "two"):
            instance.upload(name)
            scales.weigh(find(name), measuring.vitals(name=name))

        assert list(scales._weights) == [find("two").pk]
