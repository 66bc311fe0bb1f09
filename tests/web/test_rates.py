from types import SimpleNamespace

import pytest

from web import rates
from web.rates import Address, Limit, Meter, Named, Rate, Rates, limits, read_rate

ADA = SimpleNamespace(kind="user", name="ada")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def limited(**by_scope: Rate) -> dict[str, Limit]:
    return limits(by_scope, by="see RATE_LIMITS", route_of=lambda address: address)


def meter_of(of: Rates, who: Named = ADA, route: str = "/a", own: dict[str, Limit] | None = None) -> Meter:
    meter = of.meter(who, route, own or {})
    assert meter is not None
    return meter


def waits(meter: Meter, *scopes: str, n: int = 1) -> list[int]:
    """Return the seconds to wait, 0 where there is nothing to wait for."""
    found = [meter.use(*scopes) for _ in range(n)]
    return [0 if late is None else late.seconds for late in found]


class TestUse:
    def test_gives_back_one_after_its_share_of_the_period(self) -> None:
        clock = Clock()
        of_three = meter_of(Rates(limited(learn=Rate(3, 1.0)), clock=clock))

        assert waits(of_three, "learn", n=4) == [0, 0, 0, 1]
        clock.now += 1 / 3
        assert waits(of_three, "learn", n=2) == [0, 1]

    def test_uses_nothing_when_it_refuses(self) -> None:
        clock = Clock()
        of_one = meter_of(Rates(limited(manage=Rate(1, 60.0)), clock=clock))

        assert waits(of_one, "manage", n=5) == [0, 60, 60, 60, 60]
        clock.now += 60
        assert waits(of_one, "manage") == [0]

    def test_uses_nothing_of_one_limit_when_another_refuses(self) -> None:
        clock = Clock()
        both = Rates(limits({"": Rate(3, 60.0), "/a": Rate(1, 1.0)}, by="", route_of=str), clock=clock)

        assert waits(meter_of(both), "read", n=3) == [0, 1, 1]

        assert waits(meter_of(both, route="/b"), n=3) == [0, 0, 20]

    def test_counts_each_name_of_each_kind_and_each_scope_by_itself(self) -> None:
        of_one = Rates(limited(read=Rate(1, 60.0), learn=Rate(1, 60.0)), clock=Clock())
        token = SimpleNamespace(kind="token", name="ada")

        assert waits(meter_of(of_one), "read") == [0]
        assert waits(meter_of(of_one, token), "read") == waits(meter_of(of_one), "learn") == [0]
        assert waits(meter_of(of_one, SimpleNamespace(kind="user", name="ada")), "read") == [60]

    def test_says_what_is_asked_too_often_and_who_has_limited_it(self) -> None:
        both = Rates(limits({"/a": Rate(1, 60.0)}, by="see RATE_LIMITS", route_of=str), clock=Clock())
        own = limits({"read": Rate(1, 60.0), "": Rate(5, 1.0)}, by="the token's own rate", route_of=str)

        at_route, by_scope = meter_of(both), meter_of(both, Address("::1"), "/b", own)

        assert [str(at_route.use("read")) for _ in range(2)][1] == (
            "This is asked too often at /a: try again after 60 s (see RATE_LIMITS)."
        )
        assert [str(by_scope.use("read")) for _ in range(2)][1] == (
            "This is asked too often under the scope 'read': try again after 60 s (the token's own rate)."
        )

    def test_forgets_who_has_waited_long_enough_where_there_are_many(self) -> None:
        clock = Clock()
        of_one = Rates(limited(read=Rate(1, 60.0)), clock=clock)
        for number in range(rates._MANY):
            meter_of(of_one, Address(str(number))).use("read")
        clock.now += 60

        meter_of(of_one).use("read")

        assert len(of_one._free_at) == 1

    def test_looks_for_those_not_at_each_request_of_many_who_have_not(self) -> None:
        of_one = Rates(limited(read=Rate(1, 60.0)), clock=Clock())
        kept: set[int] = set()
        remembered = []

        for number in range(3 * rates._MANY):
            meter_of(of_one, Address(str(number))).use("read")
            if id(of_one._free_at) not in kept:
                # Held, so that no other gets its place.
                kept.add(id(of_one._free_at))
                remembered.append(of_one._free_at)

        assert len(of_one._free_at) == 3 * rates._MANY
        assert len(remembered) == 3


class TestMeter:
    def test_is_left_out_where_nothing_is_limited(self) -> None:
        at_a = Rates(limits({"/a": Rate(1, 1.0)}, by="", route_of=str))

        assert Rates({}).meter(ADA, "/a", {}) is None
        assert at_a.meter(ADA, "/b", {}) is None
        assert at_a.meter(ADA, "/a", {}) is not None
        assert at_a.meter(ADA, "/b", limited(read=Rate(1, 1.0))) is not None

    def test_has_own_limits_in_the_place_of_those_for_everybody(self) -> None:
        of_one = Rates(limited(read=Rate(1, 60.0), learn=Rate(1, 60.0)), clock=Clock())

        of_three = meter_of(of_one, own=limited(read=Rate(3, 60.0)))

        assert waits(of_three, "read", n=4) == [0, 0, 0, 20]
        assert waits(of_three, "learn", n=2) == [0, 60]


class TestLimits:
    def test_refuses_addresses_that_there_are_not_and_one_written_twice(self) -> None:
        routes = {"/a": "/a", "/a/": "/a"}

        with pytest.raises(ValueError, match="'/c' is no address"):
            limits({"/c": Rate(1, 1.0)}, by="", route_of=routes.get)
        with pytest.raises(ValueError, match="'/a/' is an address that is there already"):
            limits({"/a": Rate(1, 1.0), "/a/": Rate(1, 1.0)}, by="", route_of=routes.get)


@pytest.mark.parametrize("text", ["read", "read=0/s", "read=1/day", "write=1/s", "=1/s", "/a b=1/s", "1"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        read_rate(text, ["read"])
