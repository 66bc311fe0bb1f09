import os
import subprocess
import sys

import pytest

from models_app.domain import hash_seeds

SEEDS = [0, 1, 2, 20260, 2**31, hash_seeds.MAX_SEED]
TEXTS = ["a", "hash seed", "1234567", "12345678", "x" * 23, "longer than two blocks"]


def under(seed: int | str, code: str, *options: str, **variables: str) -> str:
    """Run code in a Python of its own and return what it prints."""
    environment = os.environ | {"PYTHONHASHSEED": str(seed), **variables}
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


class TestStringHash:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_is_pythons_under_the_seed(self, seed: int) -> None:
        pythons = under(seed, f"print(*[hash(text) for text in {TEXTS!r}])")

        assert [hash_seeds.string_hash(seed, text.encode()) for text in TEXTS] == [*map(int, pythons.split())]

    def test_is_never_the_one_that_stands_for_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # No text is known that gives it.
        monkeypatch.setattr(hash_seeds, "_mix", lambda state, rounds: (2**64 - 1, 0, 0, 0))

        assert hash_seeds.string_hash(1, b"text") == -2


class TestIsInForce:
    CODE = "from models_app.domain.hash_seeds import is_in_force; print(*[is_in_force(s) for s in (0, 1, 2)])"

    @pytest.mark.parametrize(
        ("seed", "options", "said"),
        [
            (0, (), "True False False"),
            (1, (), "False True False"),
            (2, (), "False False True"),
            ("random", (), "False False False"),
            # What the environment has is ignored.
            (1, ("-R",), "False False False"),
            (1, ("-E",), "False False False"),
        ],
    )
    def test_looks_at_what_is_not_at_what_was_asked_for(
        self, seed: int | str, options: tuple[str, ...], said: str
    ) -> None:
        assert under(seed, self.CODE, *options) == said

    def test_does_not_believe_what_was_set_after_the_start(self) -> None:
        code = f"import os; os.environ['PYTHONHASHSEED'] = '2'; {self.CODE}"

        assert under(1, code) == "False True False"

    def test_believes_the_environment_where_the_algorithm_is_another(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONHASHSEED", "7")

        assert hash_seeds.is_in_force(7, algorithm="fnv")
        assert not hash_seeds.is_in_force(8, algorithm="fnv")
