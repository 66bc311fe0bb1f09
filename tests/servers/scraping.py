"""Reading /metrics as Prometheus does."""

from typing import Any

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.servers.clients import Client

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(client: Client) -> Samples:
    answer = client.get("/metrics")
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: Any) -> float | None:
    """Return the value of the chantilly figure with these labels, or None."""
    return samples.get(key(name, **labels))


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """Return the key of a chantilly figure."""
    return f"chantilly_{name}", frozenset(labels.items())
