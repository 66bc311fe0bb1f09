import pytest

from models_app.services import estimating, measuring
from models_app.services.estimating import Estimates
from models_app.services.finding import find, find_all
from tests.own_models import Padded
from tests.services.instances import Instance


class TestEstimates:
    def test_estimate_a_model_again_when_it_has_learned_and_some_time_has_passed(
        self, instance: Instance
    ) -> None:
        clock = [0.0]
        estimates = Estimates(now=lambda: clock[0])
        instance.upload("one")
        model = find("one")

        def size() -> int:
            n_bytes = estimates.estimate(model, measuring.vitals(name="one"))
            assert n_bytes is not None
            return n_bytes

        before = size()
        instance.run("one", 20)
        assert size() == before
        clock[0] += 61
        after = size()

        assert before > 1_000
        assert after > before

    def test_estimate_a_new_upload(self, instance: Instance) -> None:
        estimates = Estimates()
        instance.upload("one")
        first = estimates.estimate(find("one"), measuring.vitals(name="one"))
        large = instance.upload("one", Padded())

        second = estimates.estimate(find(large), measuring.vitals(name=large))

        assert first is not None
        assert second is not None
        assert second > Padded.n_bytes > first

    def test_estimate_no_longer_than_they_may(self, instance: Instance) -> None:
        estimates = Estimates()
        for name in ("one", "two"):
            instance.upload(name)
        models = [(model, measuring.vitals(name=model.name)) for model in find_all()]

        assert estimates.estimate_some(models, seconds=-1.0) == {}
        assert estimates.estimate_some(models, seconds=60.0).keys() == {"one", "two"}
        # What is known is reported.
        assert estimates.estimate_some(models, seconds=-1.0).keys() == {"one", "two"}

    def test_remember_a_bounded_number(self, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(estimating, "_MAX_MODELS", 1)
        estimates = Estimates()
        for name in ("one", "two"):
            instance.upload(name)
            estimates.estimate(find(name), measuring.vitals(name=name))

        assert list(estimates._estimates) == [find("two").pk]
