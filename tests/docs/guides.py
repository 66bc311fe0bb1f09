"""The README as a program: its code blocks in order, each on the line that it has there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.launchers import ROOT

README = ROOT / "README.md"
URL = "http://localhost:5000"
_FENCE = re.compile(r"^ *```(\w*)$")
_DIRECTIVE = re.compile(r"^<!-- (.+) -->$")
#: Stands in the output before what a block prints.
_MARK = "\x1e"


@dataclass(frozen=True)
class Block:
    """A code block; `line` is that of its opening fence, counted from 1."""

    language: str
    directive: str
    line: int
    code: str


def blocks(text: str) -> Iterator[Block]:
    """Yield the code blocks of a Markdown text, each with the HTML comment in the line before it, if any."""
    lines = text.splitlines()
    opened: int | None = None
    for index, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if opened is None:
            opened, language = index, fence[1]
            continue
        directive = _DIRECTIVE.match(lines[opened - 1])
        code = "".join(f"{inner}\n" for inner in lines[opened + 1 : index])
        yield Block(language, directive[1] if directive else "", opened + 1, code)
        opened = None
    assert opened is None, f"the block at line {lines[opened or 0]} does not end"


def guide() -> list[Block]:
    """Return the README's blocks."""
    return list(blocks(README.read_text(encoding="utf-8")))


def runs(block: Block) -> bool:
    """Say whether a block is part of the program."""
    return (block.language == "python" and not block.directive) or block.directive == "runs"


def beside(name: str) -> Block:
    """Return the block that runs beside the others under this name."""
    (found,) = (block for block in guide() if block.directive == f"runs beside: {name}")
    return found


def program(url: str) -> str:
    """Return the program that the blocks make up, for a server at `url`.

    An error's line is the README's. A shell block becomes one call.
    """
    lines: list[str] = []
    for block in filter(runs, guide()):
        lines += [""] * (block.line - 1 - len(lines))
        lines.append(f"print({_MARK + str(block.line)!r}, flush=True)")
        if block.language == "python":
            lines += block.code.splitlines()
        else:
            lines.append(f"__import__('subprocess').run(['sh', '-euc', {block.code!r}], check=True)")
    return "\n".join(lines).replace(URL, url) + "\n"


def expected() -> dict[int, str]:
    """Return what blocks print according to the README, by their lines."""
    told: dict[int, str] = {}
    previous: Block | None = None
    for block in guide():
        if block.language == "text" and previous is not None and runs(previous):
            told[previous.line] = block.code
        previous = block
    return told


def printed(output: str) -> dict[int, str]:
    """Return what blocks have printed, by their lines."""
    parts = (part.partition("\n") for part in output.split(_MARK)[1:])
    return {int(line): text for line, _, text in parts}


def between(text: str, name: str) -> str:
    """Return what stands between the two comments `<!-- name -->` and `<!-- /name -->`."""
    return text.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->\n", maxsplit=1)[0]


def links(text: str) -> set[str]:
    """Return where the links and pictures of a Markdown text lead, code blocks apart."""
    for block in blocks(text):
        text = text.replace(block.code, "")
    return set(re.findall(r"\]\(([^)\s]+)\)", text))


def anchors(text: str) -> set[str]:
    """Return the anchors of a Markdown text's headings, as they are made from them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def documents() -> list[Path]:
    """Return the project's documents."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
