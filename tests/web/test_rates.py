from types import SimpleNamespace

from web import rates
from web.rates import Rate, Rates

ADA = SimpleNamespace(kind="user", name="ada")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class TestWait:
    def test_gives_back_one_after_its_share_of_the_period(self) -> None:
        clock = Clock()
        of_three = Rates({"learn": Rate(3, 1.0)}, clock=clock)

        assert [of_three.wait(ADA, "learn") for _ in range(4)] == [0, 0, 0, 1]
        clock.now += 1 / 3
        assert [of_three.wait(ADA, "learn") for _ in range(2)] == [0, 1]

    def test_uses_nothing_when_it_refuses(self) -> None:
        clock = Clock()
        of_one = Rates({"manage": Rate(1, 60.0)}, clock=clock)

        assert [of_one.wait(ADA, "manage") for _ in range(5)] == [0, 60, 60, 60, 60]
        clock.now += 60
        assert of_one.wait(ADA, "manage") == 0

    def test_counts_each_name_of_each_kind_and_each_scope_by_itself(self) -> None:
        of_one = Rates({"read": Rate(1, 60.0), "learn": Rate(1, 60.0)}, clock=Clock())
        token = SimpleNamespace(kind="token", name="ada")

        assert of_one.wait(ADA, "read") == 0
        assert of_one.wait(token, "read") == of_one.wait(ADA, "learn") == 0
        assert of_one.wait(SimpleNamespace(kind="user", name="ada"), "read") == 60

    def test_forgets_who_has_waited_long_enough_where_there_are_many(self) -> None:
        clock = Clock()
        of_one = Rates({"read": Rate(1, 60.0)}, clock=clock)
        for number in range(rates._MANY):
            of_one.wait(SimpleNamespace(kind="token", name=str(number)), "read")
        clock.now += 60

        of_one.wait(ADA, "read")

        assert len(of_one._free_at) == 1
