"""Packages as pip installs them, without pip: a module, and what its distribution says of itself."""

import tomllib
from pathlib import Path

from tests.docs.guides import DOCS, page

GROUP = "chantilly.paradigms"


def install(folder: Path, name: str, code: str, entry_points: dict[str, str]) -> None:
    """Install a module into a folder, with entry points of the group of paradigms."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"{entry_point} = {value}" for entry_point, value in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))


def install_documented(folder: Path) -> None:
    """Install the package of the documents."""
    blocks = {block.language: block.code for block in page(DOCS / "how-to" / "own-flavor.md").blocks}
    project = tomllib.loads(blocks["toml"])["project"]
    install(folder, project["name"], blocks["py"], project["entry-points"][GROUP])
