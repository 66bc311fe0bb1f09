import re
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command
from django.http import HttpRequest

from tests.management.processes import manage


def run_setup() -> str:
    printed = StringIO()
    call_command("setup", stdout=printed)
    return printed.getvalue()


@pytest.mark.django_db
class TestSetup:
    def test_makes_an_admin_whose_password_it_shows(self) -> None:
        printed = run_setup()

        match = re.fullmatch(r"Admin user: admin, password: (\S{16}) \(shown only now\)\n", printed)
        assert match is not None
        user = authenticate(HttpRequest(), username="admin", password=match[1])
        assert user is not None
        assert user.is_superuser

    def test_does_and_says_nothing_the_second_time(self) -> None:
        run_setup()

        assert run_setup() == ""
        assert get_user_model().objects.count() == 1

    def test_makes_no_admin_where_somebody_is_one(self) -> None:
        get_user_model().objects.create_superuser("ada", password="x")

        assert run_setup() == ""


class TestNewInstance:
    def test_is_migrated(self, tmp_path: Path) -> None:
        first = manage(tmp_path / "new", "setup")
        second = manage(tmp_path / "new", "setup")

        assert first.returncode == 0, first.stderr
        assert first.stdout.startswith("Migrating the database.\nAdmin user: admin, ")
        assert (second.returncode, second.stdout) == (0, "")
        assert manage(tmp_path / "new", "migrate", "--check").returncode == 0

    def test_is_refused_in_one_line_where_the_database_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "chantilly.sqlite3").write_text("no database, but longer than one page's header" * 100)

        ended = manage(tmp_path, "setup")

        assert ended.returncode == 1
        assert ended.stderr == "CommandError: The database cannot be used: file is not a database.\n"
