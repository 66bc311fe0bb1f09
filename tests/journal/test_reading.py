import pytest
from django.db import connection
from django.utils import timezone

from models_app.journal import reading
from models_app.journal.positions import Place, Position
from models_app.models import JournalSegment, ServedModel
from models_app.services.rolling_back import roll_back
from tests.services.instances import Instance


@pytest.fixture
def place(instance: Instance) -> Place:
    """The beginning of the journal of the model `one`: four segments, beside another's."""
    for name in ("one", "two"):
        instance.upload(name)
    for _ in range(4):
        for name in ("one", "two"):
            instance.run(name, 5)
    _merge(5)
    return Place(ServedModel.objects.get(name="one").pk, 1, 0)


def _merge(n: int) -> None:
    """Make one segment of so many, as a busy server's commits are."""
    for model in ServedModel.objects.all():
        rows = list(JournalSegment.objects.filter(model=model).order_by("first_seq"))
        for begin in range(0, len(rows), n):
            first, *others = rows[begin : begin + n]
            JournalSegment.objects.filter(pk__in=[row.pk for row in others]).delete()
            first.last_seq = first.first_seq + len(others)
            first.learns = "[" + ",".join(row.learns[1:-1] for row in (first, *others)) + "]"
            first.save()


class TestSegments:
    @pytest.mark.parametrize("at_a_time", [1, 2, 256])
    def test_are_one_models_in_order(
        self, place: Place, monkeypatch: pytest.MonkeyPatch, at_a_time: int
    ) -> None:
        monkeypatch.setattr("models_app.models.segments.AT_A_TIME", at_a_time)

        segments = list(reading.segments_after(place))

        assert [(segment.first_seq, len(segment.learns)) for segment in segments] == [
            (1, 5), (6, 5), (11, 5), (16, 5),
        ]  # fmt: skip
        assert [segment.last_seq for segment in reading.segments_after(place, until_seq=11)] == [5, 10, 15]
        assert [segment.last_seq for segment in reading.newest_first(place)] == [20, 15, 10, 5]
        assert reading.last_seq(place.model_id, 1) == 20
        assert reading.last_seq(place.model_id, 2) == 0

    def test_end_for_a_follower_where_learns_are_missing(self, place: Place) -> None:
        JournalSegment.objects.filter(model_id=place.model_id, first_seq=11).delete()

        assert [piece.ends_at.seq for piece in reading.read_after(place)] == [5, 10]
        assert [seq for seq, _ in reading.learns_after(place, until_seq=20)] == list(range(1, 11))

    def test_may_be_entered_and_left_in_the_middle(self, place: Place) -> None:
        after = Place(place.model_id, 1, 7)

        assert [seq for seq, _ in reading.learns_after(after, until_seq=12)] == [8, 9, 10, 11, 12]

    def test_are_read_from_their_end_as_far_as_one_can_hold(self, place: Place) -> None:
        assert [segment.last_seq for segment in reading.newest_first(place, max_characters=0)] == [20]
        after = Place(place.model_id, 1, 10)
        assert [segment.last_seq for segment in reading.newest_first(after)] == [20, 15]

    def test_are_those_of_one_generation(self, place: Place) -> None:
        roll_back(name="one", seq=0, now=timezone.now())

        assert list(reading.segments_after(Place(place.model_id, 2, 0))) == []


class TestPosition:
    def test_is_passed_by_each_commit_once(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "AT_A_TIME", 3)
        position, n_learns, n_pieces = Position(), 0, 0
        while pieces := reading.scored_after(position):
            for piece in pieces:
                assert piece.ends_at > position
                position = piece.ends_at
                n_learns += len(piece.learns)
                n_pieces += 1

        assert (n_learns, n_pieces) == (40, 8)
        assert position == Position.read(str(position))
        # On PostgreSQL, transactions that wrote nothing to the journal have come after it.
        assert position == Position.newest() or (
            connection.vendor != "sqlite" and position < Position.newest()
        )
        assert reading.scored_after(Position.newest()) == []

    def test_leaves_out_learns_that_nothing_is_made_of(self, place: Place) -> None:
        ServedModel.objects.filter(name="two").update(is_scored=False)

        pieces = reading.scored_after(Position())

        assert [len(piece.learns) for piece in pieces] == [5, 0] * 4
        assert pieces[0].ends_at.before() < pieces[0].ends_at
