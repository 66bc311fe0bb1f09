"""Names like one that no model has: found, and not at any price."""

from models_app.domain.errors import ModelNotFound, StorageUnavailable
from models_app.engine.near_names import NearNames


class Shelf:
    """The names of models, and a clock; to read them takes a second."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.seconds = 0.0
        self.n_reads = 0

    def recent_names(self, limit: int) -> list[str]:
        self.n_reads += 1
        self.seconds += 1.0
        return self.names[:limit]

    def near(self) -> NearNames:
        return NearNames(self.recent_names, lambda: self.seconds)


class TestNearNames:
    def test_are_those_that_look_alike(self) -> None:
        refusal = Shelf("house", "mouse", "boat").near().not_found("hause")

        assert isinstance(refusal, ModelNotFound)
        assert (refusal.message, refusal.name, refusal.near) == (
            "No model named 'hause'.",
            "hause",
            ("house", "mouse"),
        )

    def test_are_not_looked_for_while_that_would_take_much_of_the_time(self) -> None:
        shelf = Shelf("house")
        near = shelf.near()
        assert near.not_found("hause").near == ("house",)

        assert [near.not_found("hause").near for _ in range(1_000)] == [()] * 1_000
        assert shelf.n_reads == 1

        # A fiftieth of the time is enough for what was spent.
        shelf.seconds += 24
        assert near.not_found("hause").near == ()
        shelf.seconds += 2
        assert near.not_found("hause").near == ("house",)

    def test_have_no_more_time_after_a_long_rest(self) -> None:
        shelf = Shelf("house")
        near = shelf.near()
        shelf.seconds += 1_000_000

        assert [near.not_found("hause").near for _ in range(3)] == [("house",), (), ()]

    def test_are_none_where_the_database_cannot_be_read(self) -> None:
        def fail(limit: int) -> list[str]:
            raise StorageUnavailable("locked")

        assert NearNames(fail).not_found("hause").near == ()
