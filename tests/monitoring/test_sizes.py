"""No page is over 200 KB, however many models there are."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.models import MetricSnapshot
from tests.services.instances import Instance, instance
from tests.services.registered import register

__all__ = ["instance"]

N_MODELS = 1_000
MOST_BYTES = 200_000
# As long as names are, and longer.
PREFIX = "demand-forecast-of-the-region-north-east-"


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "path", ["/", "/?status=learning&order=-n_learns&page=7", "/compare/", "/models/house/"]
)
def test_stays_small_with_a_thousand_models(instance: Instance, client: Client, path: str) -> None:
    now = timezone.now()
    models = register(N_MODELS, until=now, prefix=PREFIX)
    instance.upload("house")
    instance.run("house", 3)
    # A line has a sample every 20 seconds.
    MetricSnapshot.objects.bulk_create(
        MetricSnapshot(
            model=model,
            generation=model.generation,
            seq=5_000 + number,
            time=now - timedelta(seconds=20 * number),
            n_predictions=9_000,
            values={"Accuracy": 0.123456789},
            rolling={"Accuracy": 0.5 + number / 100},
            level=4,
        )
        for model in models[:60]
        for number in range(45)
    )

    answer = client.get(path)

    assert answer.status_code == 200
    assert 5_000 < len(answer.content) < MOST_BYTES
    # For who wants to know (`pytest -s`).
    print(path, len(answer.content))
