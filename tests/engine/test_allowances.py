import pytest

from models_app.domain.errors import QuotaExceeded
from models_app.domain.quotas import Allowance
from models_app.engine import allowances


def room_of(allowance: Allowance) -> int:
    """Return how many more it takes."""
    taken = 0
    try:
        while True:
            allowance.take()
            taken += 1
    except QuotaExceeded:
        for _ in range(taken):
            allowance.give_back()
    return taken


class TestAllowance:
    def test_keeps_what_was_noted_while_it_was_counted(self) -> None:
        allowance = Allowance("a", 10)
        allowance.note(3)

        allowance.begin_count()
        allowance.note(2)
        allowance.end_count(4)

        assert room_of(allowance) == 4
        allowance.begin_count()
        allowance.end_count(5)
        assert room_of(allowance) == 5

    def test_has_no_more_room_than_its_limit_whatever_is_claimed(self) -> None:
        allowance = Allowance("a", 2)

        allowance.note(-5)

        assert room_of(allowance) == 2


@pytest.mark.parametrize("counted", [{}, {"b": 1}])
def test_who_is_not_found_has_nothing(counted: dict[str, int]) -> None:
    a, b = allowances.allowance_of("a", 3), allowances.allowance_of("b", 3)
    try:
        a.note(2)

        allowances.renew(lambda owners: counted if owners == ["a", "b"] else {})

        assert (room_of(a), room_of(b)) == (3, 3 - counted.get("b", 0))
    finally:
        allowances.keep(())
    assert allowances.owners() == []
