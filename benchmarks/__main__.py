"""`python -m benchmarks`: measure, check, report."""

import argparse
import gc
import json
import shutil
import sys
from pathlib import Path

from benchmarks import affinity, comparing, machine, plot, reaching, report
from benchmarks.flat import Flat
from benchmarks.loops import RiverLoop
from benchmarks.measuring import Bench
from benchmarks.plans import FULL, SHORT, Plan
from benchmarks.progress import say, shown
from benchmarks.results import Results
from benchmarks.servers import ROOT, Canned, Chantilly, FastApi, ThisServer
from benchmarks.workloads import Workload, adaptive_forest, logistic_regression

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"
WORK = FOLDER / ".work"
PARTS = ("logistic", "forest", "flat")


def main() -> int:
    """Run, and return 1 if an answer was wrong or missing. Times never fail."""
    options = _options()
    if options.docs:
        _write_docs()
        return 0
    plan = SHORT if options.short else FULL
    results = _run(plan, options.only or PARTS)
    _write(results, RESULTS if plan is FULL and not options.only else WORK / "results")
    _print(results)
    return 1 if results.problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="two minutes of it, few rounds")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part of it; may be repeated")
    parser.add_argument(
        "--docs", action="store_true", help="measure nothing; put the last full results into the documents"
    )
    return parser.parse_args()


def _run(plan: Plan, parts: list[str] | tuple[str, ...]) -> Results:
    affinity.pin_client()
    WORK.mkdir(exist_ok=True)
    say(f"{plan.name} run: {affinity.described()}")
    logistic = logistic_regression(n_stream=plan.n_stream["logistic"])
    forest = adaptive_forest(n_stream=plan.n_stream["forest"], cache=WORK)
    results = Results(about={"run": plan.name, **machine.about(WORK)})
    bench = Bench(seconds=plan.seconds, serial_quota=plan.serial_quota)
    # What is kept of earlier rounds is not looked at again and again while others are measured.
    gc.freeze()
    try:
        _compare(bench, plan, [w for w in (logistic, forest) if w.name in parts], results)
        if "flat" in parts:
            Flat(bench, plan, WORK, logistic, forest, results).run()
    finally:
        _tidy()
    return results


def _compare(bench: Bench, plan: Plan, workloads: list[Workload], results: Results) -> None:
    if not workloads:
        return
    kinds = [ThisServer, FastApi, Chantilly, Canned]
    with RiverLoop(WORK) as loop, comparing.started(WORK, kinds) as servers:
        rounds = [(workload, plan.rounds[workload.name]) for workload in workloads]
        comparing.compare(bench, loop, servers, rounds, results)
    results.ratios += reaching.between_servers(results)


def _tidy() -> None:
    for path in WORK.iterdir():
        if path.is_dir() and path.name != "results":
            shutil.rmtree(path, ignore_errors=True)


def _write(results: Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    results.ratios += reaching.ceilings(results)
    (folder / "results.json").write_text(json.dumps(results.to_json(), indent=1) + "\n")
    (folder / "results.md").write_text(report.report(results))
    if results.figures:
        (folder / report.PLOT).write_text(plot.plot(results))


def _print(results: Results) -> None:
    for name, value in results.about.items():
        print(f"{name}: {value}")
    for ratio in results.ratios:
        mark = {True: "ok", False: "MISSED", None: ""}[ratio.is_reached]
        print(f"{ratio.what}: {shown(ratio.values)} {ratio.unit} {mark}".rstrip())
    print(f"problems: {len(results.problems)}")
    for problem in results.problems:
        print(f"  {problem}")


def _write_docs() -> None:
    results = Results.from_json(json.loads((RESULTS / "results.json").read_text()))
    page = ROOT / "docs/explanation/performance.md"
    page.write_text(report.put_into(page.read_text(), report.section(results, "../images")))
    shutil.copy(RESULTS / report.PLOT, ROOT / "docs/images")


if __name__ == "__main__":
    sys.exit(main())
