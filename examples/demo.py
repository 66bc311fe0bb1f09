"""Shows the server at work: a real model, a real data set, live metrics. (`make demo`)

1,250 websites of River's Phishing set: is it phishing? Each is predicted by id as it comes; the ground truth
follows 20 to 100 websites later. Everything goes over HTTP.
"""

import argparse
import io
import re
import runpy
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import running
from client import Client, NotReachable, Refused
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.prompt import Confirm
from rich.table import Table
from rich.text import Text
from river import datasets, linear_model, preprocessing

NAME = "demo-phishing"
FLAVOR = "binary"
#: Programs beside this one that are not called after a flavor.
NO_EXAMPLES = {"client", "running", "demo", "taxis", "text", FLAVOR} | {
    "onnx_model",
    "torch_model",
    "vowpal_wabbit",
}
DATASET = datasets.Phishing()
# Slow enough to be watched on the dashboard.
PER_SECOND = 250
LEARNS_PER_LOOK = 25
N_COLUMNS = 5
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 88
UNWANTED_IN_PICTURES = (
    # Fonts of another host: a picture is to load nothing.
    r"@font-face \{.*?\}\s*",
    # They cut off underscores where the font is not the one that was meant.
    r' clip-path="url\(#[^"]*-line-\d+\)"',
    r"<!--.*?-->\s*",
)


@dataclass
class Course:
    """The metrics seen so far, and after how many learns."""

    looks: list[tuple[int, running.Metrics]] = field(default_factory=list)

    def add(self, n_learns: int, metrics: running.Metrics) -> None:
        self.looks.append((n_learns, metrics))

    def of(self, name: str) -> list[float]:
        return [value for _, metrics in self.looks if (value := metrics.get(name)) is not None]

    def columns(self) -> list[tuple[int, running.Metrics]]:
        """Return a few looks, evenly spread, the newest last."""
        n = min(N_COLUMNS, len(self.looks))
        return [self.looks[(index + 1) * len(self.looks) // n - 1] for index in range(n)]


def others() -> list[str]:
    """Return the flavors that an example is called after."""
    names = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return [name for name in names if name not in NO_EXAMPLES]


def parse() -> argparse.Namespace:
    parser = running.options(__doc__, limit=None)
    parser.add_argument(
        "--rate", type=float, default=PER_SECOND, help="websites a second, 0: no limit (default: %(default)s)"
    )
    parser.add_argument(
        "--flavor",
        default=FLAVOR,
        choices=sorted([FLAVOR, *others()]),
        help="of another flavor its example is shown (default: %(default)s)",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask whether the default model may change")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a picture of the result")
    return parser.parse_args()


def prepare(options: argparse.Namespace) -> Client:
    """Return a client of the server, or end with one line that says what is in the way."""
    client = Client(options.url)
    if set(client.models()) - {NAME} and not options.yes and not _may_become_default(client):
        sys.exit("Stopped; nothing was changed. (--yes: do not ask.)")
    return client


def _may_become_default(client: Client) -> bool:
    question = f"{client.url} serves other models; may the demo's become its default?"
    return sys.stdin.isatty() and Confirm.ask(question, default=False)


def stream(client: Client, events: running.Events, *, per_second: float) -> Iterator[int]:
    """Send the events, no faster than asked for; yield the number of learns after each learn."""
    started_at = time.monotonic()
    n_learns = 0
    for number, features, ground_truth in events:
        prediction_id = f"{NAME}-{number}"
        if ground_truth is None:
            if per_second:
                time.sleep(max(0.0, started_at + number / per_second - time.monotonic()))
            client.predict(features, id=prediction_id, model=NAME)
        else:
            client.learn(ground_truth, id=prediction_id)
            n_learns += 1
            yield n_learns


def sparkline(values: Sequence[float]) -> str:
    """Draw the newest values as bars, from the least to the greatest."""
    values = values[-50:]
    least, most = min(values, default=0.0), max(values, default=0.0)
    step = (most - least) / (len(BARS) - 1) or 1.0
    return "".join(BARS[int((value - least) / step)] for value in values)


def show_live(progress: Progress, course: Course) -> RenderableType:
    accuracies = course.of("Accuracy")
    now = f"{accuracies[-1]:.1%}" if accuracies else ""
    return Group(progress, Text.assemble(("Accuracy ", "bold"), (sparkline(accuracies), "green"), f" {now}"))


def closing_table(course: Course, bare: running.Metrics) -> Table:
    """Show how the metrics came about, and that River alone gives the same."""
    table = Table(title="Metrics after so many learns", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("", style="bold")
    columns = course.columns()
    for n_learns, _ in columns:
        table.add_column(f"{n_learns:,}", justify="right")
    table.add_column("bare River loop", justify="right", style="dim")
    for name, value in bare.items():
        cells = [_shown(metrics.get(name)) for _, metrics in columns]
        table.add_row(name, *cells, _shown(value))
    return table


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def python() -> str:
    """Return the interpreter of this program as somebody in this folder calls it."""
    found, here = Path(sys.executable), Path.cwd()
    return shlex.quote(str(found.relative_to(here) if found.is_relative_to(here) else found))


def closing_words(client: Client, *, is_equal: bool) -> Text:
    verdict = "The server's metrics equal those of a bare River loop, to the last bit."
    return Text.assemble(
        (verdict if is_equal else "They differ: has somebody else used the model meanwhile?", "bold"),
        "\n\nWhat to try next\n",
        ("  Dashboard  ", "bold"),
        f"{client.url}/  (open it and run the demo again)\n",
        ("  API docs   ", "bold"),
        f"{client.url}/api/docs\n",
        ("  Examples   ", "bold"),
        f"{python()} examples/binary.py, and its neighbours\n",
        ("  Tidy up    ", "bold"),
        f"{python()} manage.py delete_model {NAME}",
    )


def run(options: argparse.Namespace, console: Console) -> RenderableType:
    """Run the demo; return what it shows at the end."""
    client = prepare(options)
    model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    size = client.upload(model, NAME, flavor=FLAVOR)
    head = Text.assemble(
        ("Model  ", "bold"),
        f"StandardScaler | LogisticRegression, {size:,} bytes, served as '{NAME}'\n",
        ("Data   ", "bold"),
        "River's Phishing: 1,250 websites; ground truth 20 to 100 websites later\n",
    )
    console.print(head)
    events = running.delayed(DATASET.take(options.limit or DATASET.n_samples), least=20, most=100)
    course = Course()
    progress = Progress(
        TextColumn("[bold]Learned "),
        BarColumn(40),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    task = progress.add_task("", total=len(events) // 2)
    with Live(show_live(progress, course), console=console) as live:
        for n_learns in stream(client, events, per_second=options.rate):
            progress.update(task, completed=n_learns)
            if n_learns % LEARNS_PER_LOOK == 0 or n_learns == len(events) // 2:
                course.add(n_learns, client.metrics(model=NAME))
                live.update(show_live(progress, course))
    bare = running.bare_loop(model, events, flavor=FLAVOR)
    is_equal = bool(course.looks) and course.looks[-1][1] == bare
    end = Group("", closing_table(course, bare), closing_words(client, is_equal=is_equal))
    console.print(end)
    return Group(head, show_live(progress, course), end)


def show_example(options: argparse.Namespace) -> None:
    """Run the example of a flavor."""
    script = Path(__file__).with_name(f"{options.flavor}.py")
    sys.argv = [str(script), "--url", options.url]
    if options.limit is not None:
        sys.argv += ["--limit", str(options.limit)]
    runpy.run_path(str(script), run_name="__main__")
    print(f"What the dashboard has of it: {options.url}/")


def save_picture(shown: RenderableType, path: Path) -> None:
    canvas = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True)
    # The window would cut the last line.
    canvas.print(shown, "")
    picture = canvas.export_svg(title="make demo")
    for unwanted in UNWANTED_IN_PICTURES:
        picture = re.sub(unwanted, "", picture, flags=re.DOTALL)
    path.write_text(picture, encoding="utf-8")


def main() -> None:
    options = parse()
    if options.flavor != FLAVOR:
        show_example(options)
        return
    try:
        shown = run(options, Console())
    except (NotReachable, Refused) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
    if options.svg:
        save_picture(shown, options.svg)


if __name__ == "__main__":
    main()
