from datetime import timedelta

from django.utils import timezone

from models_app.services.finding import find
from monitoring.figures.ages import pending_ages
from tests.services.instances import Instance

SECONDS = {"up to a minute": 5, "up to an hour": 1_800, "up to a day": 7_200, "up to a week": 200_000}


class TestPendingAges:
    def test_count_each_prediction_once(self, instance: Instance) -> None:
        instance.upload("one")
        instance.upload("two")
        now = timezone.now()
        for number, seconds in enumerate([*SECONDS.values(), 7_200, 10**7]):
            instance.predict(f"p{number}", "one", at=(now - timedelta(seconds=seconds)).timestamp(), x=1.0)
        instance.predict("other", "two", at=now.timestamp(), x=1.0)

        ages = pending_ages(find("one"), now=now)

        assert [(age.name, age.n) for age in ages] == [
            ("up to a minute", 1),
            ("up to an hour", 1),
            ("up to a day", 2),
            ("up to a week", 1),
            ("older", 1),
        ]
        assert [age.up_to_seconds for age in ages] == [60, 3_600, 86_400, 604_800, None]
