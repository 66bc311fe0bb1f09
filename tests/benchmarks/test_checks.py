"""A wrong answer is found."""

import json

import pytest

from benchmarks import checks, mirrors
from benchmarks.checks import Pair
from benchmarks.mirrors import Mirror, Prediction
from benchmarks.wire import prediction_id
from benchmarks.workloads import Workload

Journal = list[tuple[str | None, Prediction]]
N = 40


def pair(number: int, prediction: Prediction) -> Pair:
    body = json.dumps({"model": "bench", "prediction": prediction}).encode()
    return Pair(number, (201, body), (201, b"{}"))


@pytest.fixture
def together(workload: Workload) -> tuple[list[list[Pair]], Journal]:
    """Two connections that predict at the same time and learn one after the other."""
    model = workload.load()
    exchanges: list[list[Pair]] = [[], []]
    journal: Journal = []
    for number in range(0, N, 2):
        for own in (0, 1):
            sample = workload.sample(number + own)
            exchanges[own].append(pair(number + own, mirrors.predict(model, sample)))
        for own in (1, 0):
            sample = workload.sample(number + own)
            journal.append((prediction_id(number + own).decode(), exchanges[own][-1].prediction))
            model.learn_one(dict(sample.features), sample.ground_truth)
    return exchanges, journal


class TestSequence:
    def test_of_bare_river_is_right(self, workload: Workload) -> None:
        expected = Mirror(workload.samples, workload.load()).predictions(N)

        assert checks.check_sequence([pair(n, p) for n, p in enumerate(expected)], expected) == []

    def test_with_one_other_bit_is_wrong(self, workload: Workload) -> None:
        expected = Mirror(workload.samples, workload.load()).predictions(N)
        answered = [pair(number, prediction) for number, prediction in enumerate(expected)]
        answered[7] = pair(7, expected[7] | {"true": expected[7]["true"] + 1e-16})

        (wrong,) = checks.check_sequence(answered, expected)

        assert wrong.startswith("record 7: ")


class TestOrder:
    def test_of_the_journal_is_right(
        self, together: tuple[list[list[Pair]], Journal], workload: Workload
    ) -> None:
        exchanges, journal = together

        assert checks.check_order(exchanges, journal, workload, workload.load()) == []

    def test_without_an_acknowledged_learn_is_wrong(
        self, together: tuple[list[list[Pair]], Journal], workload: Workload
    ) -> None:
        exchanges, journal = together

        assert checks.check_order(exchanges, journal[:-1], workload, workload.load()) != []

    def test_with_a_learn_twice_is_wrong(
        self, together: tuple[list[list[Pair]], Journal], workload: Workload
    ) -> None:
        exchanges, journal = together

        assert checks.check_order(exchanges, [*journal, journal[-1]], workload, workload.load()) != []

    def test_with_two_learns_exchanged_is_wrong(
        self, together: tuple[list[list[Pair]], Journal], workload: Workload
    ) -> None:
        exchanges, journal = together
        journal[3], journal[4] = journal[4], journal[3]

        assert checks.check_order(exchanges, journal, workload, workload.load()) != []

    def test_with_a_prediction_of_no_state_is_wrong(
        self, together: tuple[list[list[Pair]], Journal], workload: Workload
    ) -> None:
        exchanges, journal = together
        stale = mirrors.predict(workload.load(), workload.sample(20))
        exchanges[0][10] = pair(20, stale)
        journal = [(name, stale if name == prediction_id(20).decode() else p) for name, p in journal]

        (wrong,) = checks.check_order(exchanges, journal, workload, workload.load())

        assert wrong.startswith("record 20: no state of the model")

    def test_with_another_prediction_in_the_journal_is_wrong(
        self, together: tuple[list[list[Pair]], Journal], workload: Workload
    ) -> None:
        exchanges, journal = together
        journal[5] = (journal[5][0], {"true": 0.5, "false": 0.5})

        assert checks.check_order(exchanges, journal, workload, workload.load()) != []


class TestForm:
    @pytest.mark.parametrize(
        "prediction", [None, 0.5, {"true": 0.5}, {"true": 0.5, "false": 0.6}, {"yes": 1.0}]
    )
    def test_of_anything_but_probabilities_is_wrong(self, prediction: object) -> None:
        assert checks.check_well_formed([prediction]) != []

    def test_of_a_refusal_is_wrong(self) -> None:
        refused = Pair(0, (201, b"{}"), (400, b'{"message": "no"}'))

        assert checks.check_statuses([[refused]]) == ['answered 400: b\'{"message": "no"}\'']
