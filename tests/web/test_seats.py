import threading

import pytest

from models_app.domain.errors import TooManyStreams
from web.seats import UNKNOWN_CLIENT, Seats, client_of


def seats(limit: int, limit_of_client: int) -> Seats:
    return Seats("streams", full=TooManyStreams, limits=lambda: (limit, limit_of_client))


class TestSeats:
    def test_are_limited_over_all(self) -> None:
        taken = seats(2, 2)
        taken.take("a")
        taken.take("b")

        with pytest.raises(TooManyStreams, match="STREAMS_MAX\\)"):
            taken.take("c")
        assert len(taken) == 2

    def test_are_limited_for_each_client(self) -> None:
        taken = seats(9, 1)
        taken.take("a")

        with pytest.raises(TooManyStreams, match="STREAMS_MAX_PER_CLIENT"):
            taken.take("a")
        taken.take("b")

    def test_can_be_taken_again_once_they_are_left(self) -> None:
        taken = seats(1, 1)
        for _ in range(3):
            taken.take("a")()

        assert len(taken) == 0

    def test_are_left_once_however_often_that_is_said(self) -> None:
        taken = seats(9, 9)
        leave = taken.take("a")
        taken.take("a")

        leave()
        leave()

        assert len(taken) == 1

    def test_are_counted_right_from_several_threads(self) -> None:
        taken = seats(10**6, 10**6)

        def come_and_go() -> None:
            for _ in range(2000):
                taken.take("a")()

        threads = [threading.Thread(target=come_and_go) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(taken) == 0


class TestClient:
    def test_is_the_address_without_its_port(self) -> None:
        assert client_of({"client": ("10.0.0.7", 4711)}) == "10.0.0.7"

    @pytest.mark.parametrize("scope", [{}, {"client": None}])
    def test_may_be_unknown(self, scope: dict[str, object]) -> None:
        assert client_of(scope) == UNKNOWN_CLIENT
