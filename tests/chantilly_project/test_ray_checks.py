import pytest

from chantilly_project import ray_checks
from chantilly_project.configuration import ConfigurationError

POSTGRESQL = "postgresql://chantilly@db/chantilly"
TOKEN = {"RAY_AUTH_MODE": "token"}


class TestRefuseProblems:
    def test_takes_what_goes_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ray_checks, "find_spec", lambda name: name)

        ray_checks.refuse_problems(POSTGRESQL, n_shards=1, environ=TOKEN)

    @pytest.mark.parametrize(
        ("url", "n_shards", "environ", "reason"),
        [
            ("sqlite:///chantilly.sqlite3", 2, TOKEN, r"needs PostgreSQL \(DATABASE_URL=postgresql://"),
            (POSTGRESQL, 0, TOKEN, "needs ENGINE_PROCESSES"),
            (POSTGRESQL, 2, {}, "needs RAY_AUTH_MODE=token"),
            (POSTGRESQL, 2, {"RAY_AUTH_MODE": "disabled"}, "needs RAY_AUTH_MODE=token"),
        ],
    )
    def test_refuses_what_does_not(
        self, url: str, n_shards: int, environ: dict[str, str], reason: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ray_checks, "find_spec", lambda name: name)

        with pytest.raises(ConfigurationError, match=f"ENGINE=ray {reason}"):
            ray_checks.refuse_problems(url, n_shards=n_shards, environ=environ)

    def test_asks_for_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ray_checks, "find_spec", lambda _name: None)

        with pytest.raises(ConfigurationError, match=r"pip install -r requirements-ray\.txt"):
            ray_checks.refuse_problems(POSTGRESQL, n_shards=2, environ=TOKEN)
