"""Print the Python for chantilly's environment: one whose `shelve` has a real database below it, if there is.

Some Pythons are built without gdbm and ndbm; what is left is `dbm.dumb`, which would slow chantilly down.
"""

import os
import shutil
import subprocess
import sys

_PROBE = """
import sys
try:
    import dbm.gnu
except ImportError:
    import dbm.ndbm
assert sys.version_info[:2] == ({}, {})
"""


def suits(python: str) -> bool:
    """Say whether a Python is of this version and has a database for `shelve`."""
    probe = _PROBE.format(*sys.version_info[:2])
    return subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Print the first that suits, else this one."""
    candidates = [sys.executable, shutil.which("python3", path=os.defpath)]
    print(next((python for python in candidates if python and suits(python)), sys.executable))


if __name__ == "__main__":
    main()
