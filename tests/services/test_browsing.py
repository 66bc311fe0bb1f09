"""Records are found by id, by number, by time, and page by page."""

import json
import time
from datetime import UTC, datetime

import pytest
from django.utils import timezone
from river import linear_model

from models_app.domain.errors import InvalidRequest, ModelNotFound
from models_app.models import Snapshot
from models_app.services import browsing, rolling_back, showing, snapshotting
from models_app.services.browsing import Kept, Page, Record
from tests.services.instances import Instance


def places(page: Page) -> list[tuple[int | None, int | None]]:
    return [(record.generation, record.seq) for record in page.records]


def only(page: Page) -> Record:
    (record,) = page.records
    return record


@pytest.fixture
def model(instance: Instance) -> str:
    """A model that has learned ids 0 to 29, was taken back to learn 20, and has learned 30 to 34 then."""
    instance.init("binary")
    instance.upload("model")
    for number in range(35):
        instance.predict(str(number), "model", x=float(number))
        instance.learn(str(number), number % 2 == 0)
        if number == 19:
            assert snapshotting.take_snapshot(name="model") == 20
        if number == 29:
            rolling_back.roll_back(name="model", seq=20, now=timezone.now())
    return "model"


class TestNewest:
    @pytest.mark.parametrize("limit", [1, 4, 7, 100])
    def test_has_every_record_once_page_by_page(self, model: str, limit: int) -> None:
        found, place = [], None
        while True:
            page = browsing.newest(name=model, limit=limit, before=place)
            assert len(page.records) <= limit
            found += places(page)
            place = page.next_place
            if place is None:
                break

        assert found == [(2, seq) for seq in range(25, 20, -1)] + [(1, seq) for seq in range(30, 0, -1)]

    def test_says_what_was_predicted_from_what_and_when(self, instance: Instance, model: str) -> None:
        begun = time.time()
        instance.predict("late", model, x=-3.5)
        instance.learn("late", True)

        record = only(browsing.newest(name=model, limit=1))

        assert (record.prediction_id, record.generation, record.seq) == ("late", 2, 26)
        assert json.loads(record.features) == {"x": -3.5}
        assert isinstance(record.prediction, dict)
        assert record.prediction.keys() == {True, False}
        assert record.ground_truth is True
        assert record.predicted_at is not None
        assert record.learned_at is not None
        assert begun <= record.predicted_at <= record.learned_at <= time.time()

    def test_leaves_out_what_was_learned_after_a_moment(self, instance: Instance, model: str) -> None:
        all_of = browsing.newest(name=model, limit=100).records

        for record in all_of[::6]:
            assert record.learned_at is not None
            until = datetime.fromtimestamp(record.learned_at, UTC)
            found = browsing.newest(name=model, limit=100, until=until)
            expected = [each for each in all_of if (each.learned_at or 0) <= until.timestamp()]
            assert places(found) == [(each.generation, each.seq) for each in expected]
        assert browsing.newest(name=model, limit=9, until=datetime(2000, 1, 1, tzinfo=UTC)).records == []

    @pytest.mark.parametrize("place", ["", "7", "1.x", "-1.2", "1.-2", f"{2**63}.0", "1.2.3"])
    def test_refuses_a_place_that_is_none(self, model: str, place: str) -> None:
        with pytest.raises(InvalidRequest):
            browsing.newest(name=model, limit=3, before=place)

    def test_needs_a_model(self, instance: Instance) -> None:
        with pytest.raises(ModelNotFound):
            browsing.newest(name="nobody", limit=3)


class TestOfId:
    @pytest.mark.parametrize("at_a_time", [1, 8, 20_000])
    def test_finds_the_one_wherever_it_is(
        self, model: str, monkeypatch: pytest.MonkeyPatch, at_a_time: int
    ) -> None:
        monkeypatch.setattr("models_app.journal.browsing._LEARNS_AT_A_TIME", at_a_time)

        for number, place in ((0, (1, 1)), (20, (1, 21)), (29, (1, 30)), (30, (2, 21)), (34, (2, 25))):
            page = browsing.of_id(name=model, prediction_id=str(number), limit=10)
            assert (places(page), page.next_place) == ([place], None)
        assert browsing.of_id(name=model, prediction_id="3", limit=10).records[0].seq == 4
        assert browsing.of_id(name=model, prediction_id="35", limit=10).records == []

    def test_finds_an_id_and_not_what_looks_like_one(self, instance: Instance, model: str) -> None:
        odd = 'a "b" \\ ü %_['
        for prediction_id, features in ((odd, {"x": 1.0}), ("other", {"x": 1.0, f'["{odd}",': 2.0})):
            instance.predict(prediction_id, model, **features)
            instance.learn(prediction_id, True)

        assert places(browsing.of_id(name=model, prediction_id=odd, limit=10)) == [(2, 26)]
        assert browsing.of_id(name=model, prediction_id=odd.upper(), limit=10).records == []

    def test_shows_what_awaits_its_ground_truth_first(self, instance: Instance, model: str) -> None:
        instance.predict("3", model, x=7.0)

        page = browsing.of_id(name=model, prediction_id="3", limit=10)

        assert places(page) == [(None, None), (1, 4)]
        assert json.loads(page.records[0].features) == {"x": 7.0}
        assert (page.records[0].predicted_at is None, page.records[0].learned_at) == (False, None)

    def test_goes_on_where_it_ended(self, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("models_app.journal.browsing._LEARNS_AT_A_TIME", 8)
        monkeypatch.setattr("models_app.services.browsing._MAX_SECONDS", -1.0)
        found, place, n_pages = [], None, 0
        while n_pages == 0 or place is not None:
            page = browsing.of_id(name=model, prediction_id="5", limit=10, before=place)
            found += places(page)
            place, n_pages = page.next_place, n_pages + 1

        assert found == [(1, 6)]
        assert n_pages > 4


class TestOfSeq:
    def test_has_one_of_each_generation(self, model: str) -> None:
        page = browsing.of_seq(name=model, seq=22)

        assert [(each.generation, each.prediction_id) for each in page.records] == [(2, "31"), (1, "21")]
        assert places(browsing.of_seq(name=model, seq=3)) == [(1, 3)]
        assert browsing.of_seq(name=model, seq=31).records == []


def test_names_the_snapshots_around(model: str) -> None:
    def seq_of(kept: Kept | None) -> int | None:
        return None if kept is None else kept.seq

    def around(seq: int) -> list[tuple[int | None, int | None, int | None]]:
        page = browsing.of_seq(name=model, seq=seq)
        return [(each.generation, seq_of(each.before), seq_of(each.after)) for each in page.records]

    assert around(1) == [(1, 0, 20)]
    assert around(20) == [(1, 0, 20)]
    assert around(21) == [(2, 20, None), (1, 20, None)]
    assert snapshotting.take_snapshot(name=model) == 25
    assert around(25) == [(2, 20, 25), (1, 20, None)]
    before = browsing.of_seq(name=model, seq=25).records[0].before
    assert before is not None
    assert Snapshot.objects.get(pk=before.pk).generation == 2


@pytest.mark.parametrize(("way", "shown"), [("all", '{"x":3.0}'), ("none", '{"x":null}'), ("hashed", "#")])
def test_shows_features_as_they_are_to_be_shown(model: str, way: str, shown: str) -> None:
    showing.keep_features(name=model, way=way)

    text = only(browsing.of_id(name=model, prediction_id="3", limit=1)).features

    assert shown in text
    assert ("3.0" in text) == (way == "all")


def test_forgets_the_journal_of_another_upload(instance: Instance, model: str) -> None:
    instance.upload(model, linear_model.LogisticRegression())

    assert browsing.newest(name=model, limit=10) == Page(records=[], next_place=None)
    assert browsing.of_id(name=model, prediction_id="3", limit=10).records == []
