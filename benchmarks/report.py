"""The results as Markdown: one table of figures a model, one of ratios."""

from collections.abc import Iterable, Sequence

from benchmarks.comparing import SCENARIOS
from benchmarks.progress import number, shown
from benchmarks.results import Ratio, Results, median, spread

PLOT = "throughput.svg"
COLUMNS = {
    "this": "this server",
    "fastapi": "FastAPI, in memory",
    "chantilly": "chantilly 0.3.0",
    "river": "bare River loop",
}
WORKLOADS = {
    "logistic": "Scaler and logistic regression",
    "forest": "Adaptive random forest of 10 trees, after 5,000 samples",
}
_RATIOS = """\
Taken round by round; the median of the rounds (lowest-highest).
A cost is the time for the first over the time for the second."""
_WHO = """\
Medians of interleaved rounds (lowest-highest).
This server commits every request that it acknowledges to SQLite with `synchronous=FULL`.
The FastAPI server, written by hand, keeps the model in memory and nothing on disk.
chantilly runs under gunicorn with one worker of one thread.
The bare loop predicts and learns (or only predicts) in one process, without metrics."""
_HOW = """\
- The records are River's Phishing set (1,250 samples of 9 features), again and again. The model starts
  afresh in each round; the servers take their turns forth and back.
- A pair is a prediction with an id and, once it is answered, the learn of that id. A learn with features is
  predicted and scored by the server as well. The ids are scattered, not ascending.
- The NDJSON body is sent in chunks of 64 KB while the answers are read. On a WebSocket 64 messages of one
  record, or 8 of a hundred, are under way at a time.
- chantilly does a few pairs a round with the forest, some seven seconds each, one after the other.
- Predictions are checked in every round. On one connection, on a stream, and where nothing is learned they
  must be bare River's to the last bit, and so must the metrics be. On several connections this server's
  journal has the order: each prediction must be what bare River predicts between the learns that were
  answered before it was asked for and its own learn, and the journal must have just what was acknowledged.
  The other servers keep no order: there, the answers must be well-formed.
- The pending predictions are copies, in the database, of one that was made; the long journal is streamed
  for real.
- The load generator was measured against a server that answers at once: what it reaches there, over the
  quickest server that it measured, stands below."""
_OPEN, _CLOSE = "<!-- benchmark -->", "<!-- /benchmark -->"


def report(results: Results) -> str:
    """Return the whole report."""
    return "\n".join(
        [
            "# Benchmark",
            "",
            *_method(results),
            "",
            *([f"![Throughput by scenario and server]({PLOT})", ""] if results.figures else []),
            *_tables(results),
            "## Ratios",
            "",
            _RATIOS,
            "",
            *_ratios(results.ratios, wanted=True),
            "",
            "## Problems",
            "",
            *(_problems(results)),
            "",
        ]
    )


def section(results: Results, folder: str) -> str:
    """Return what the documents show; the plot is in `folder`."""
    about = results.about
    return "\n".join(
        [
            _OPEN,
            "Against the same load, on one core of its own each:",
            "",
            f"![Throughput by scenario and server]({folder}/{PLOT})",
            "",
            *_tables(results),
            _WHO,
            "",
            *_ratios(results.ratios, wanted=False),
            "",
            f"{about.get('machine', '')}; {about.get('software', '')}. `make bench` measures it on yours",
            "(the whole report: `benchmarks/results/results.md`).",
            _CLOSE,
        ]
    )


def put_into(text: str, section: str) -> str:
    """Return a document with its section replaced; raises ValueError where it has none."""
    start, end = text.index(_OPEN), text.index(_CLOSE) + len(_CLOSE)
    return text[:start] + section + text[end:]


def _method(results: Results) -> Iterable[str]:
    for name, value in results.about.items():
        yield f"- {name}: {value}"
    yield ""
    yield _WHO
    yield ""
    yield _HOW


def _tables(results: Results) -> Iterable[str]:
    for workload, title in WORKLOADS.items():
        rows = list(_rows(results, workload))
        if rows:
            yield f"**{title}**"
            yield ""
            yield f"| | {' | '.join(COLUMNS.values())} |"
            yield f"|---|{'---:|' * len(COLUMNS)}"
            yield from rows
            yield ""


def _rows(results: Results, workload: str) -> Iterable[str]:
    for scenario in SCENARIOS:
        cells = [_cell(results.values(workload, scenario.name, column)) for column in COLUMNS]
        if any(cells):
            yield f"| {scenario.title} ({scenario.unit}) | {' | '.join(cells)} |"


def _cell(values: Sequence[float | None]) -> str:
    return shown(list(values)) if values else ""


def _ratios(ratios: Sequence[Ratio], *, wanted: bool) -> Iterable[str]:
    yield "| | measured | wanted |" if wanted else "| | |"
    yield "|---|---:|---:|" if wanted else "|---|---:|"
    for ratio in ratios:
        cells = [ratio.what, _measured(ratio)]
        yield f"| {' | '.join([*cells, _wanted(ratio)] if wanted else cells)} |"


def _measured(ratio: Ratio) -> str:
    middle, ends = median(ratio.values), spread(ratio.values)
    if middle is None or ends is None:
        return "failed"
    if ratio.unit and ratio.unit != "cost":
        return f"{shown(ratio.values)} {ratio.unit}"
    return f"{shown(ratio.values)} times"


def _wanted(ratio: Ratio) -> str:
    parts = []
    if ratio.at_least is not None:
        parts.append(f"at least {number(ratio.at_least)}")
    if ratio.at_most is not None:
        parts.append(f"at most {number(ratio.at_most)}")
    if ratio.aim is not None:
        parts.append(f"aim {number(ratio.aim)}")
    missed = " (missed)" if ratio.is_reached is False else ""
    return ", ".join(parts) + missed


def _problems(results: Results) -> Iterable[str]:
    if not results.problems:
        yield "None: every request was answered, every prediction was right."
    for problem in results.problems:
        yield f"- {problem}"
