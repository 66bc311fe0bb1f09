"""Monitoring costs the same, however many models are registered: ticks, pages, `/metrics`."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from models_app.models import ServedModel
from models_app.services import measuring
from monitoring import changed
from monitoring.changed import ChangedModels
from monitoring.contracts.following import Follower as ContractFollower
from monitoring.drift.following import Follower
from monitoring.exposition.collecting import Collector
from monitoring.figures import rates
from monitoring.history import tallies
from monitoring.history.sampling import Sampler, _samples_of_now
from monitoring.history.tallies import Tallies
from monitoring.models import MetricSnapshot
from monitoring.pages import rows
from tests.monitoring.timepieces import Timepiece
from tests.services.instances import Instance, instance
from tests.services.registered import register, steps

__all__ = ["instance"]

FEW, MANY = 200, 4_000


def sample(models: list[ServedModel]) -> None:
    """Add a sample of each, so that it is settled."""
    MetricSnapshot.objects.bulk_create(
        MetricSnapshot(
            model=model, generation=1, seq=0, time=model.uploaded_at, n_predictions=0, values={}, rolling={},
            level=4,
        )
        for model in models
    )  # fmt: skip


def _ticks() -> dict[str, Callable[[], object]]:
    clock = Timepiece(timezone.now().timestamp()).clock
    return {
        "sampler": Sampler(ask=measuring.ask_if_hot, clock=clock).tick,
        "drift": Follower(report=lambda _alerts: None, clock=clock).tick,
        "contracts": ContractFollower(report=lambda _alerts: None, clock=clock).tick,
        "rates": rates.Rates(clock=clock).tick,
        "overview": rows.overview_rows,
        "exposition": lambda: list(Collector(max_models=20).collect()),
    }


@pytest.mark.sqlite
@pytest.mark.parametrize("what", ["sampler", "drift", "contracts", "rates", "overview", "exposition"])
def test_costs_the_same_among_many_models(
    instance: Instance, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if these were thousands.
    monkeypatch.setattr(changed, "FIRST", 20)
    monkeypatch.setattr(changed, "_AMONG", 40)
    monkeypatch.setattr(rows, "MAX_ROWS", 20)
    monkeypatch.setattr(rates, "_MAX_KEPT", 20)
    monkeypatch.setattr(tallies, "KEYS", 8)
    now = timezone.now()
    sample(register(FEW, until=now - timedelta(hours=1)))
    few = _ticks()[what]
    few()
    among_few = max(steps(few) for _ in range(3))

    sample(register(MANY, until=now - timedelta(hours=9), prefix="n"))
    many = _ticks()[what]
    first = steps(many)
    among_many = max(steps(many) for _ in range(3))

    # A walk would take twenty times as many.
    assert among_many <= 1.5 * among_few + 5
    # So would one at the start.
    assert first <= 10 * among_few + 50


class TestChangedModels:
    def test_finds_at_its_first_looks_what_changed_while_nobody_looked(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(changed, "FIRST", 5)
        monkeypatch.setattr(changed, "_AMONG", 10)
        monkeypatch.setattr(changed, "_AT_A_TIME", 3)
        models = register(40, until=timezone.now() - timedelta(days=1))
        sample(models[:20])
        changes = ChangedModels(Timepiece(timezone.now().timestamp()).clock, _samples_of_now())

        first = [model.name for model in changes.look()]
        looks = [[model.name for model in changes.look()] for _ in range(20)]

        assert first == [model.name for model in models[:5]]
        # Those with a sample are settled; no more than three come at a look, and each comes once.
        assert [name for look in looks for name in look] == [model.name for model in models[20:]]
        assert max(map(len, looks)) == 3


class TestTallies:
    def test_are_exact_where_all_ranges_are_read(self, instance: Instance) -> None:
        register(30, until=timezone.now())
        ServedModel.objects.update(seq=2, n_undone=1, n_predictions=3)

        (totals,) = Tallies().look([]).values()

        assert (totals.n_models, totals.n_learns, totals.n_undone, totals.n_predictions) == (30, 90, 30, 90)

    def test_come_in_turn_where_there_are_more(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tallies, "KEYS", 2)
        monkeypatch.setattr(tallies, "RANGES", 3)
        models = register(20, until=timezone.now())
        kept = Tallies()

        looks = [kept.look([]) for _ in range(5)]

        assert (looks[0], looks[1]) == ({}, {})
        assert looks[-1]["binary"].n_models == 20
        ServedModel.objects.filter(pk=models[-1].pk).update(seq=7)
        assert kept.look([models[-1].pk])["binary"].n_learns == 7
        ServedModel.objects.filter(pk=models[0].pk).update(n_predictions=5)
        # Nobody has said so: its range comes in its turn.
        assert 5 in [kept.look([])["binary"].n_predictions for _ in range(12)]
