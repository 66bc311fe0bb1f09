"""The documents, built as a site."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers.launchers import ROOT


def built_site(folder: Path) -> Path:
    """Build the documents in another folder, and return where their site is."""
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def build(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Build a site as `make docs` does."""
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--clean", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
