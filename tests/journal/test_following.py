"""Followers get the journal, each commit once and in order, whatever of it is known."""

import random
from collections.abc import Iterator

import pytest

from models_app.domain.scoring import Scores
from models_app.journal.following import Tail, follow
from models_app.journal.pieces import Known, Read

JOURNAL = range(50)


def known(number: int, n_learns: int = 1) -> Known[int]:
    """Return what one knows of the commit that ends at a number."""
    return Known(number, [Scores([], n=n_learns - 1, unscored=[0])], n_learns)


def read(after: int) -> Iterator[Read[int]]:
    """Read some of the journal, a few at a time."""
    return (Read(number, ()) for number in JOURNAL[after + 1 : after + 4])


class TestFollow:
    @pytest.mark.parametrize("seed", range(20))
    def test_yields_each_commit_once_and_in_order(self, seed: int) -> None:
        rng = random.Random(seed)
        tail: Tail[int] = Tail(max_learns=1_000)
        heard = set(rng.sample(JOURNAL, rng.randrange(len(JOURNAL) + 1)))
        for number in rng.sample(sorted(heard), len(heard)):
            tail.add(number - 1, known(number))

        pieces = list(follow(9, known=tail.take, read=read))

        assert [piece.ends_at for piece in pieces] == list(JOURNAL[10:])
        # What one knows is read only where what was read before has brought it along.
        assert {piece.ends_at for piece in pieces if isinstance(piece, Known)} <= heard

    def test_reads_nothing_that_is_known(self) -> None:
        tail: Tail[int] = Tail(max_learns=1_000)
        for number in JOURNAL:
            tail.add(number - 1, known(number))

        assert all(isinstance(piece, Known) for piece in follow(-1, known=tail.take, read=read))
        assert tail.n_learns == 0

    def test_hears_of_what_is_committed_meanwhile(self) -> None:
        tail: Tail[int] = Tail(max_learns=1_000)
        following = follow(JOURNAL[-2], known=tail.take, read=read)
        assert next(following).ends_at == JOURNAL[-1]

        tail.add(JOURNAL[-1], known(JOURNAL[-1] + 1))

        assert [piece.ends_at for piece in following] == [JOURNAL[-1] + 1]


class TestTail:
    def test_forgets_all_beyond_its_size(self) -> None:
        tail: Tail[int] = Tail(max_learns=10)
        for number in range(4):
            tail.add(number, known(number + 1, n_learns=5))

        assert tail.n_learns == 5
        assert tail.take(2) is None
        assert tail.take(3) is not None

    def test_forgets_what_has_passed(self) -> None:
        tail: Tail[int] = Tail(max_learns=10)
        for number in range(4):
            tail.add(number, known(number + 1))

        tail.forget(lambda after: after < 2)

        assert tail.n_learns == 2
        assert list(tail.take_all()) == [2, 3]
        assert tail.n_learns == 0
        assert tail.take_all() == {}
