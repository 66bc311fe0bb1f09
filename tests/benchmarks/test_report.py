"""The report as it is written down."""

import json
from xml.etree import ElementTree as ET

import pytest

from benchmarks import plot, reaching, report
from benchmarks.results import Figure, Ratio, Results

SVG = "{http://www.w3.org/2000/svg}"


def figure(scenario: str, column: str, *values: float | None) -> Figure:
    return Figure(workload="logistic", scenario=scenario, column=column, unit="x/s", values=list(values))


@pytest.fixture
def results() -> Results:
    return Results(
        about={"machine": "2 cores"},
        figures=[
            figure("pairs-8", "this", 1_000.0, 3_000.0, 2_000.0),
            figure("pairs-8", "fastapi", 1_000.0, None, 4_000.0),
            figure("pairs-8", "chantilly", 100.0, 100.0, 100.0),
            figure("pairs-8", "canned", 30_000.0, 30_000.0, 1_000.0),
        ],
    )


class TestRatios:
    def test_are_taken_round_by_round(self, results: Results) -> None:
        over_fastapi, over_chantilly = reaching.between_servers(results)

        assert over_fastapi.values == [1.0, None, 0.5]
        assert over_fastapi.is_reached is False
        assert over_chantilly.values == [10.0, 30.0, 20.0]
        assert over_chantilly.is_reached is True

    def test_hold_the_load_generator_against_the_quickest_server(self, results: Results) -> None:
        (ceiling,) = reaching.ceilings(results)

        assert ceiling.values == [30.0, None, 0.25]

    def test_of_a_cost_must_not_be_high(self) -> None:
        assert Ratio(what="", values=[1.2, 1.0, 1.3], at_most=1.1).is_reached is False
        assert Ratio(what="", values=[1.2, 1.0, 1.1], at_most=1.1).is_reached is True

    def test_of_failed_rounds_only_are_not_reached(self) -> None:
        assert Ratio(what="", values=[None], at_least=1).is_reached is None


class TestReport:
    def test_shows_median_and_spread(self, results: Results) -> None:
        row = next(line for line in report.report(results).splitlines() if "8 connections (" in line)

        assert row.split(" | ")[1:3] == ["2,000 (1,000-3,000)", "2,500 (1,000-4,000)"]

    def test_says_what_was_missed_and_what_was_wrong(self, results: Results) -> None:
        results.ratios = reaching.between_servers(results)
        results.problems.append("answered 500")

        text = report.report(results)

        assert "| at least 1.00, aim 1.30 (missed) |" in text
        assert "- answered 500" in text

    def test_comes_back_from_json(self, results: Results) -> None:
        results.ratios = reaching.between_servers(results)

        again = Results.from_json(json.loads(json.dumps(results.to_json())))

        assert again == results

    def test_replaces_its_section_of_a_document_only(self, results: Results) -> None:
        page = "before\n<!-- benchmark -->\nof last year\n<!-- /benchmark -->\nafter\n"

        text = report.put_into(page, report.section(results, "folder"))

        assert text.startswith("before\n<!-- benchmark -->\n")
        assert text.endswith("<!-- /benchmark -->\nafter\n")
        assert "(folder/throughput.svg)" in text
        assert "of last year" not in text


class TestPlot:
    def test_has_a_dot_for_each_server(self, results: Results) -> None:
        root = ET.fromstring(plot.plot(results))

        reported = [title.text for title in root.iter(f"{SVG}title")]

        assert reported == [
            "chantilly 0.3.0: 100 (100-100) per second",
            "FastAPI, in memory: 2,500 (1,000-4,000) per second",
            "this server: 2,000 (1,000-3,000) per second",
        ]

    def test_puts_ten_times_as_much_one_step_to_the_right(self) -> None:
        scale = plot.Scale(2, 5)

        steps = [scale.x(10.0 ** (power + 1)) - scale.x(10.0**power) for power in (2, 3, 4)]

        assert steps == pytest.approx([steps[0]] * 3)
        assert steps[0] > 0
