"""The documents as programs: each page's code blocks in order, each on the line that it has there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.docs.runner import BLOCK
from tests.servers.launchers import ROOT

DOCS = ROOT / "docs"
ADDRESS = "localhost:5000"
URL = f"http://{ADDRESS}"
_FENCE = re.compile(r"^ *```(\w*)$")
_DIRECTIVE = re.compile(r"^<!-- (.+) -->$")
_GOES_ON_FROM = re.compile(r"^<!-- goes on from: (.+) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block; `line` is that of its opening fence, counted from 1."""

    language: str
    directive: str
    line: int
    code: str

    @property
    def runs(self) -> bool:
        """Whether it is part of its page's program."""
        return (self.language == "python" and not self.directive) or self.directive == "runs"


@dataclass(frozen=True)
class Page:
    """A document of the project, named by its path from the project's folder."""

    name: str

    @cached_property
    def text(self) -> str:
        """Its Markdown."""
        return (ROOT / self.name).read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        """Its code blocks."""
        return list(blocks(self.text))

    @cached_property
    def running(self) -> list[Block]:
        """Those that are its program."""
        return [block for block in self.blocks if block.runs]

    @cached_property
    def before(self) -> "Page | None":
        """The page that it goes on from, whose program runs first."""
        found = _GOES_ON_FROM.search(self.text)
        if found is None:
            return None
        return page((ROOT / self.name).parent / found[1])

    def source(self, url: str) -> str:
        """Return its program for a server at `url`.

        An error's line is the page's. A shell block becomes one call.
        """
        lines: list[str] = []
        for block in self.running:
            lines += [""] * (block.line - 1 - len(lines))
            lines.append(f"print({f'{BLOCK}{self.name}:{block.line}'!r}, flush=True)")
            if block.language == "python":
                lines += block.code.splitlines()
            else:
                lines.append(f"__import__('subprocess').run(['sh', '-euc', {block.code!r}], check=True)")
        return "\n".join(lines).replace(ADDRESS, url.removeprefix("http://")) + "\n"

    def programs(self, url: str) -> list[tuple[str, str]]:
        """Return names and sources of what is to be run for it, in order."""
        earlier = self.before.programs(url) if self.before else []
        return [*earlier, (str(ROOT / self.name), self.source(url))]

    def expected(self) -> dict[int, str]:
        """Return what blocks print according to the page, by their lines."""
        shown: dict[int, str] = {}
        previous: Block | None = None
        for block in self.blocks:
            if block.language == "text" and previous is not None and previous.runs:
                shown[previous.line] = block.code
            previous = block
        return shown

    def beside(self, name: str) -> Block:
        """Return the block that runs beside others under this name."""
        (found,) = (block for block in self.blocks if block.directive == f"runs beside: {name}")
        return found


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


def page(path: Path) -> Page:
    """Return the page that is in a file."""
    return Page(str(path.resolve().relative_to(ROOT)))


def documents() -> list[Page]:
    """Return all of the project's documents."""
    files = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "deploy").glob("*.md")]
    return [page(path) for path in sorted(files)]


def guides() -> list[Page]:
    """Return the documents that have a program."""
    return [page for page in documents() if page.running]


def between(text: str, name: str) -> str:
    """Return what stands between the two comments `<!-- name -->` and `<!-- /name -->`."""
    return text.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->\n", maxsplit=1)[0]


def links(text: str) -> set[str]:
    """Return where the links and pictures of a Markdown text lead, code blocks apart."""
    for block in blocks(text):
        text = text.replace(block.code, "")
    return set(re.findall(r"\]\(([^)\s]+)\)", text)) | set(re.findall(r'(?:src|href)="([^"]+)"', text))


def anchors(text: str) -> set[str]:
    """Return the anchors of a Markdown text's headings, as they are made from them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def led_to(page: Page) -> set[str]:
    """Return the names of the files that a page's links lead to."""
    paths = (link.partition("#")[0] for link in links(page.text) if "://" not in link)
    return {str(((ROOT / page.name).parent / path).resolve().relative_to(ROOT)) for path in paths if path}
