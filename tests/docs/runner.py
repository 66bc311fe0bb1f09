"""Run the pages' programs one after the other, in one process.

Each page begins in a `__main__` of its own, as a script would. One that fails does not keep the next from
running.
"""

import signal
import sys
import traceback
import types
from dataclasses import dataclass, field
from pathlib import Path

#: What stands in the output before a page, a block (PAGE:LINE), a traceback, and after a page.
PAGE, BLOCK, FAILURE, END = "\x1dpage ", "\x1eblock ", "\x1efailure", "\x1dend "

#: A page's name, and names and sources of the programs that are run for it.
Programs = tuple[str, list[tuple[str, str]]]


@dataclass
class Outcome:
    """The outcome of a page's program: the output of each block, by its line, and why it failed."""

    printed: dict[int, str] = field(default_factory=dict)
    failure: str = ""


def script(pages: list[Programs]) -> str:
    """Return the script that runs them, prints what `outcome` reads, and waits to be killed."""
    folder = str(Path(__file__).parents[2])
    return f"import sys; sys.path.append({folder!r}); from tests.docs import runner; runner.run({pages!r})"


def run(pages: list[Programs]) -> None:
    """Run them."""
    for name, programs in pages:
        print(f"{PAGE}{name}", flush=True)
        # Models pickle what is defined in `__main__` with its code.
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            for file, source in programs:
                exec(compile(source, file, "exec"), main.__dict__)
        except Exception:
            print(f"{FAILURE}\n{traceback.format_exc()}", flush=True)
        print(f"{END}{name}", flush=True)
    signal.pause()


def has_ended(page: str, output: str) -> bool:
    """Say whether a page's programs have ended."""
    return f"{END}{page}\n" in output


def outcome(page: str, output: str) -> Outcome:
    """Return what came of a page, which has ended."""
    text = output.split(f"{PAGE}{page}\n")[1].split(f"{END}{page}\n", maxsplit=1)[0]
    found = Outcome()
    for title, printed in (part.split("\n", maxsplit=1) for part in text.split("\x1e")[1:]):
        if title == FAILURE[1:]:
            found.failure = printed
        name, _, line = title.removeprefix(BLOCK[1:]).rpartition(":")
        # Blocks of the page that it goes on from have been looked at there.
        if name == page:
            # What does not end its line is shown as what does: `curl` prints an answer as it is.
            found.printed[int(line)] = printed if printed.endswith("\n") or not printed else f"{printed}\n"
    return found
