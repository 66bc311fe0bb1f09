import pytest

from models_app.domain.errors import InvalidRequest
from models_app.paradigms.registry import FLAVORS
from monitoring.drift.detectors import BINARY, NAMES, NUMERIC, check, new_detector, parameters_of, shown


class TestNewDetector:
    @pytest.mark.parametrize("name", NAMES)
    def test_makes_every_detector(self, name: str) -> None:
        detector = new_detector(name, {})

        assert [detector.update(number % 2) for number in range(500)]
        assert detector.drift_detected in {True, False}

    @pytest.mark.parametrize("name", NAMES)
    def test_takes_every_parameter(self, name: str) -> None:
        new_detector(name, parameters_of(name))

    @pytest.mark.parametrize("name", NAMES)
    def test_makes_twins_that_see_errors_grow(self, name: str) -> None:
        one, other = new_detector(name, {}), new_detector(name, {})
        found: list[list[int]] = [[], []]
        for number in range(1_500):
            value = int(number % 10 < (1 if number < 800 else 7))
            for detector, seqs in zip((one, other), found, strict=True):
                detector.update(shown(name, value))
                if detector.drift_detected:
                    seqs.append(number)

        assert found[0] == found[1]
        assert any(800 <= number < 1_000 for number in found[0])


class TestCheck:
    @pytest.mark.parametrize(
        ("name", "parameters", "field", "reason"),
        [
            ("Oracle", {}, "detector", "must be one of ADWIN, KSWIN"),
            ("ADWIN", {"sense": 1}, "parameters", "ADWIN has no 'sense', but delta, clock"),
            ("ADWIN", {"delta": [1]}, "parameters", "'delta' must be a number"),
            ("KSWIN", {"alpha": 7}, "parameters", "KSWIN refuses them"),
            ("DDM", {"warm_start": "soon"}, "parameters", "DDM refuses them"),
        ],
    )
    def test_names_what_is_wrong(
        self, name: str, parameters: dict[str, object], field: str, reason: str
    ) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            check(name, parameters, paradigm=FLAVORS["binary"], watches_numbers=False)  # type: ignore[arg-type]

        message = refusal.value.message
        assert isinstance(message, dict)
        assert message[field][0].startswith(reason)

    @pytest.mark.parametrize("name", BINARY)
    @pytest.mark.parametrize(("flavor", "watches_numbers"), [("regression", False), ("binary", True)])
    def test_refuses_numbers_for_detectors_of_errors(
        self, name: str, flavor: str, watches_numbers: bool
    ) -> None:
        with pytest.raises(InvalidRequest, match="takes 0 and 1 only"):
            check(name, {}, paradigm=FLAVORS[flavor], watches_numbers=watches_numbers)

    @pytest.mark.parametrize("name", NUMERIC)
    def test_lets_the_others_watch_everything(self, name: str) -> None:
        check(name, {}, paradigm=FLAVORS["regression"], watches_numbers=True)
