"""What is asked again and again costs the same, however many models are registered."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from models_app.models import ServedModel
from models_app.models.storage import get_storage
from models_app.services import counting, finding, listing, snapshotting
from models_app.services.contracts.reading import breach_counts
from tests.services.instances import Instance
from tests.services.registered import register, steps

FEW, MANY = 200, 4_000


def _last() -> list[finding.Served]:
    return finding.find_last_used(20)


def _pks() -> list[int]:
    return [model.pk for model in _last()]


#: What pages, streams and housekeeping ask for.
ASKED: dict[str, Callable[[], object]] = {
    "those used last": _last,
    "names of those used last": lambda: get_storage().recent_names(20),
    "those changed": lambda: finding.find_changed(timezone.now() - timedelta(minutes=1)),
    "those used": lambda: finding.find_used(timezone.now() - timedelta(minutes=1)),
    "flavors": counting.flavors_served,
    "pending": lambda: counting.pending_counts(_pks()),
    "newest snapshots": lambda: snapshotting.newest_snapshots(_last()),
    "breaches": lambda: breach_counts([model.name for model in _last()]),
    "names": lambda: finding.names_after("m00100", search="", limit=20),
    "names found": lambda: finding.names_after("m00100", search="01", limit=20),
    "details": lambda: listing.list_details([model.name for model in _last()]),
    "recent": lambda: listing.list_recent(max_models=20),
    "of a flavor": lambda: finding.find_of_flavor("binary", 20),
    "unsettled": lambda: finding.find_unsettled(
        ServedModel.objects.none(), where=Q(), after=0, among=20, limit=20
    ),
}


@pytest.mark.sqlite
@pytest.mark.parametrize("what", ASKED)
def test_costs_the_same_among_many_models(
    instance: Instance, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_LOOKED_AT", 50)
    now = timezone.now()
    register(FEW, until=now)
    ASKED[what]()
    among_few = steps(ASKED[what])

    register(MANY, until=now - timedelta(minutes=FEW), prefix="n")
    among_many = steps(ASKED[what])

    # A walk would take twenty times as many.
    assert among_many <= 1.5 * among_few + 3


@pytest.mark.django_db
class TestNamesAfter:
    def test_pages_through_all_names(self) -> None:
        rows = register(25, until=timezone.now())
        pages, after = [], ""
        while True:
            names, following = finding.names_after(after, search="", limit=10)
            pages.append(names)
            if following is None:
                break
            after = following

        assert [name for page in pages for name in page] == sorted(row.name for row in rows)
        assert [len(page) for page in pages] == [10, 10, 5]

    def test_looks_at_so_many_names_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(finding, "_LOOKED_AT", 10)
        register(25, until=timezone.now())

        assert finding.names_after("", search="m0002", limit=5) == ([], "m00009")
        assert finding.names_after("m00009", search="m0002", limit=5) == ([], "m00019")
        assert finding.names_after("m00019", search="m0002", limit=5) == (
            ["m00020", "m00021", "m00022", "m00023", "m00024"],
            None,
        )

    def test_takes_a_search_as_it_stands(self) -> None:
        register(3, until=timezone.now(), prefix="a_b%")

        assert finding.names_after("", search="_B%", limit=5)[0] == ["a_b%00000", "a_b%00001", "a_b%00002"]
        assert finding.names_after("", search="%0%", limit=5)[0] == []


@pytest.mark.django_db
class TestUsedMinute:
    def test_is_that_of_the_last_use(self) -> None:
        (row,) = register(1, until=timezone.now() - timedelta(days=1))
        used_at = timezone.now()
        minutes: list[Any] = []
        for field in ("uploaded_at", "last_predicted_at", "last_learned_at"):
            ServedModel.objects.filter(pk=row.pk).update(**{field: used_at})
            minutes.append(ServedModel.objects.get(pk=row.pk).used_minute)
            used_at += timedelta(minutes=2)

        first = timezone.now().replace(second=0, microsecond=0)
        assert [minute - minutes[0] for minute in minutes] == [timedelta(minutes=n) for n in (0, 2, 4)]
        assert first - minutes[0] <= timedelta(minutes=1)

    def test_leads_an_index(self) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("SQLite says which")
        rows = ServedModel.objects.last_used_first()[:5]

        assert "served_by_use" in rows.explain()
