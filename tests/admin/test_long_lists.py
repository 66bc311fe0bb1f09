"""Lists of tables that get long: by key, with a bounded number of rows read, and led to from each other."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from models_app.admin.keysets import PagePlace
from models_app.models import JournalSegment, PendingPrediction, ServedModel, Snapshot
from monitoring.models import DriftAlert, MetricSnapshot
from tests.admin.pages import act, html, messages
from tests.services.instances import Instance

START = datetime(2026, 1, 1, tzinfo=UTC)
_NO_BYTES = {
    "signature": "", "size_bytes": 0, "sha256": "", "river_version": "", "python_version": "",
    "numpy_version": "", "metrics_bytes": b"", "model_bytes": b"",
}  # fmt: skip


def pending(model: ServedModel, n: int) -> Model:
    # Seven were predicted at the same moment.
    at = START + timedelta(seconds=n // 7)
    key = f"order-{model.pk}-{n:06}"
    return PendingPrediction(
        prediction_id=key, model=model, token=n, features="{}", prediction="null", predicted_at=at
    )


def segment(model: ServedModel, n: int) -> Model:
    seqs = {"first_seq": n + 1, "last_seq": n + 1}
    return JournalSegment(model=model, generation=7, **seqs, learns="[]", committed_at=START)


def snapshot(model: ServedModel, n: int) -> Model:
    return Snapshot(model=model, generation=7, seq=n, taken_at=START, **_NO_BYTES)


def sample(model: ServedModel, n: int) -> Model:
    at = START + timedelta(seconds=n // 7)
    return MetricSnapshot(
        model=model, generation=7, seq=n, time=at, n_predictions=n, values={}, rolling={}, level=0
    )


def alert(model: ServedModel, n: int) -> Model:
    kind = "warning" if n % 2 else "drift"
    return DriftAlert(
        model=model, generation=7, seq=n, time=START, kind=kind, source="error", detector="ADWIN", value=0.5
    )


MAKERS: dict[type[Model], Callable[[ServedModel, int], Model]] = {
    PendingPrediction: pending,
    JournalSegment: segment,
    Snapshot: snapshot,
    MetricSnapshot: sample,
    DriftAlert: alert,
}


def address(kind: type[Model]) -> str:
    return reverse(f"admin:{kind._meta.app_label}_{kind._meta.model_name}_changelist")


def fill(kind: type[Model], models: list[ServedModel], numbers: range) -> None:
    make = MAKERS[kind]
    kind._default_manager.bulk_create(make(model, n) for n in numbers for model in models)


@pytest.fixture
def models(instance: Instance) -> list[ServedModel]:
    """Two models."""
    for name in ("one", "two"):
        instance.upload(name)
    return list(ServedModel.objects.order_by("name"))


def page_link(client: Client, url: str, text: str) -> str | None:
    """Return where a page's link leads, None: it has none."""
    links = {link.text: link.url for link in client.get(url).context["cl"].page_links}
    return url.partition("?")[0] + links[text] if text in links else None


def pages(client: Client, url: str, turn: str) -> Iterator[list[Any]]:
    """Turn from page to page until there is none; give the primary keys of their rows."""
    here: str | None = url
    while here is not None:
        yield [row.pk for row in client.get(here).context["cl"].result_list]
        here = page_link(client, here, turn)


class TestPages:
    @pytest.mark.parametrize("kind", MAKERS)
    def test_show_each_row_once_in_one_order_forwards_and_backwards(
        self, models: list[ServedModel], client: Client, kind: type[Model]
    ) -> None:
        fill(kind, models, range(1, 128))
        url = address(kind)

        forwards = list(pages(client, url, "Next"))
        last = page_link(client, url, "Last")
        assert last is not None
        backwards = list(pages(client, last, "Previous"))

        rows = [pk for page in forwards for pk in page]
        assert len(rows) == len(set(rows)) == kind._default_manager.count()
        assert [len(page) for page in forwards] == [100, 100, len(rows) - 200]
        assert [pk for page in reversed(backwards) for pk in page] == rows

    @pytest.mark.parametrize("kind", MAKERS)
    def test_show_one_models_rows_the_newest_first(
        self, models: list[ServedModel], client: Client, kind: type[Model]
    ) -> None:
        fill(kind, models, range(1, 128))

        shown = list(pages(client, f"{address(kind)}?model={models[1].pk}", "Next"))

        newest_first = kind._default_manager.filter(model=models[1]).order_by("-pk")
        assert shown[0] + shown[1] == list(newest_first.values_list("pk", flat=True))

    def test_keep_what_is_searched(self, models: list[ServedModel], client: Client) -> None:
        fill(PendingPrediction, models, range(150))
        begin = f"order-{models[0].pk}-"

        first, second = pages(client, f"{address(PendingPrediction)}?q={begin}", "Next")

        assert first + second == [f"{begin}{n:06}" for n in range(150)]

    def test_say_how_many_rows_there_are_up_to_a_thousand(
        self, models: list[ServedModel], client: Client
    ) -> None:
        url = address(PendingPrediction)
        assert client.get(url).context["cl"].found == "0 pending predictions"
        fill(PendingPrediction, models[:1], range(1))
        assert client.get(url).context["cl"].found == "1 pending prediction"
        fill(PendingPrediction, models[:1], range(1, 1_000))
        assert client.get(url).context["cl"].found == "1,000 pending predictions"
        fill(PendingPrediction, models[:1], range(1_000, 1_001))
        assert client.get(url).context["cl"].found == "more than 1,000 pending predictions"

    @pytest.mark.parametrize("kind", MAKERS)
    def test_are_empty_before_there_is_a_model(
        self, instance: Instance, client: Client, kind: type[Model]
    ) -> None:
        for query in ("", "?model=1", "?model=1&q=x"):
            assert client.get(address(kind) + query).context["cl"].result_list == []

    def test_are_empty_after_the_last_row(self, models: list[ServedModel], client: Client) -> None:
        fill(DriftAlert, models, range(3))
        beyond = PagePlace(key=("0",)).to_text()

        changes = client.get(address(DriftAlert), {"p": beyond}).context["cl"]

        assert (changes.result_list, changes.page_links) == ([], [])
        assert changes.found == "6 alerts"

    @pytest.mark.parametrize(
        "place",
        [
            "2",
            "[]",
            '["sideways"]',
            '["after", 1]',
            '["after","x"]',
            '["after","1","2"]',
            '["after","' + "9" * 30 + '"]',
        ],
    )
    def test_begin_anew_where_an_address_makes_no_sense(
        self, models: list[ServedModel], client: Client, place: str
    ) -> None:
        fill(DriftAlert, models, range(3))

        response = client.get(address(DriftAlert), {"p": place})

        assert response["Location"] == f"{address(DriftAlert)}?e=1"

    @pytest.mark.parametrize("kind", MAKERS)
    def test_sort_by_nothing_else(self, models: list[ServedModel], client: Client, kind: type[Model]) -> None:
        fill(kind, models, range(1, 20))

        (as_always,) = pages(client, address(kind), "Next")
        (asked_otherwise,) = pages(client, f"{address(kind)}?o=1", "Next")

        assert asked_otherwise == as_always

    def test_let_delete_what_a_page_shows(self, models: list[ServedModel], client: Client) -> None:
        fill(PendingPrediction, models, range(60))
        rows = list(PendingPrediction.objects.order_by("pk")[:2])

        response = act(client, "delete_selected", *rows, post="yes")

        assert messages(response) == ["Successfully deleted 2 pending predictions."]
        assert PendingPrediction.objects.count() == 118


class TestReading:
    """The cost of a page, in steps of SQLite, does not depend on how long the table is."""

    FEW, MANY = range(1, 1_200), range(1_200, 6_000)

    @staticmethod
    def steps(client: Client, url: str) -> int:
        n = 0

        def count() -> int:
            nonlocal n
            n += 1
            return 0

        connection.ensure_connection()
        connection.connection.set_progress_handler(count, 10)
        html(client, url)
        connection.connection.set_progress_handler(None, 0)
        return n

    @pytest.mark.parametrize("kind", MAKERS)
    def test_is_bounded_on_every_page(
        self, models: list[ServedModel], client: Client, kind: type[Model]
    ) -> None:
        fill(kind, models, self.FEW)
        lists = [address(kind), f"{address(kind)}?model={models[0].pk}"]
        ends = (page_link(client, url, text) for url in lists for text in ("Next", "Last"))
        places = [*lists, *(url for url in ends if url is not None)]
        with_few = [self.steps(client, url) for url in places]

        fill(kind, models, self.MANY)

        for before, url in zip(with_few, places, strict=True):
            assert self.steps(client, url) < 1.5 * before, url

    @pytest.mark.parametrize("query", ["q=order", "q=order&model={model}", "q=order-2-000007"])
    def test_is_bounded_for_a_search(
        self, models: list[ServedModel], client: Client, query: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models_app.admin.pending._LOOKED_AT", 1_000)
        fill(PendingPrediction, models, self.FEW)
        url = f"{address(PendingPrediction)}?{query.format(model=models[0].pk)}"
        html(client, url)
        with_few = self.steps(client, url)

        fill(PendingPrediction, models, self.MANY)

        assert self.steps(client, url) < 1.5 * with_few

    @pytest.mark.parametrize("kind", ["drift", "warning"])
    def test_is_bounded_for_a_kind_of_alerts(
        self, models: list[ServedModel], client: Client, kind: str
    ) -> None:
        fill(DriftAlert, models, self.FEW)
        url = f"{address(DriftAlert)}?kind={kind}"
        html(client, url)
        with_few = self.steps(client, url)

        fill(DriftAlert, models, self.MANY)

        assert self.steps(client, url) < 1.5 * with_few


class TestLinks:
    @pytest.mark.parametrize("kind", MAKERS)
    def test_lead_from_a_models_list_to_the_model_and_its_other_lists(
        self, models: list[ServedModel], client: Client, kind: type[Model]
    ) -> None:
        fill(kind, models, range(1, 3))
        model = models[0]

        response = client.get(f"{address(kind)}?model={model.pk}")

        changes = response.context["cl"]
        assert changes.title == f"{str(kind._meta.verbose_name_plural).capitalize()} of one"
        wanted = [f"{address(other)}?model={model.pk}" for other in MAKERS]
        wanted.append(reverse("admin:models_app_servedmodel_change", args=[model.pk]))
        assert {link.url for link in changes.model_links} == set(wanted)
        (current,) = [link.url for link in changes.model_links if link.is_current]
        assert current == f"{address(kind)}?model={model.pk}"
        assert 'aria-current="page"' in response.content.decode()

    @pytest.mark.parametrize("kind", MAKERS)
    def test_lead_from_a_row_to_its_model(
        self, models: list[ServedModel], client: Client, kind: type[Model]
    ) -> None:
        fill(kind, models[:1], range(1, 2))
        row = kind._default_manager.order_by("-pk").first()
        assert row is not None
        url = reverse(f"admin:{kind._meta.app_label}_{kind._meta.model_name}_change", args=[row.pk])
        to_model = reverse("admin:models_app_servedmodel_change", args=[models[0].pk])

        for page in (html(client, url), html(client, address(kind))):
            assert f'<a href="{to_model}">one</a>' in page

    def test_show_only_what_one_may_see(
        self, models: list[ServedModel], client_who_may: Callable[..., Client]
    ) -> None:
        client = client_who_may("view_snapshot", "view_driftalert")

        changes = client.get(f"{address(Snapshot)}?model={models[0].pk}").context["cl"]

        assert [link.text for link in changes.model_links] == ["one", "Snapshots", "Alerts"]
