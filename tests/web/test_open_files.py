import subprocess
import sys

import pytest

from web.open_files import connections_within

SCRIPT = """
import resource, sys
from web.open_files import allow_connections
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(allow_connections(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


class TestConnections:
    @pytest.mark.parametrize(
        ("soft", "hard", "wanted", "expected"),
        [
            (512, 4000, 2000, [2000, 2256, 4000]),
            (512, 1024, 2000, [768, 1024, 1024]),
            (3000, 4000, 2000, [2000, 3000, 4000]),
            (64, 64, 2000, [32, 64, 64]),
        ],
    )
    def test_are_as_many_as_the_system_allows(
        self, soft: int, hard: int, wanted: int, expected: list[int]
    ) -> None:
        arguments = [str(soft), str(hard), str(wanted)]
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True, timeout=60
        )

        assert [int(number) for number in done.stdout.split()] == expected
        assert ("CONNECTIONS_MAX" in done.stderr) == (expected[0] < wanted)

    @pytest.mark.parametrize("n_files", [1, 2, 3, 10, 255, 256, 257, 1024])
    def test_leave_files_for_the_rest(self, n_files: int) -> None:
        assert 1 <= connections_within(n_files, 10**6) <= max(n_files // 2, n_files - 256, 1)
