"""The pages' scripts, run by node: `*.test.js` beside this file."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="no node: what the pages' scripts compute is not tested")
def test_scripts_compute_what_the_pages_show(tmp_path: Path) -> None:
    # Without a package that says so, older versions of node take no file for a module.
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for folder in ("static/monitoring", "tests/static"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    tests = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("tests/static/*.test.js"))

    run = subprocess.run(
        [str(NODE), "--test", *tests],
        cwd=tmp_path,
        env={**os.environ, "TZ": "Europe/Berlin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert tests
    assert run.returncode == 0, run.stdout + run.stderr
