import sqlite3
from pathlib import Path

import pytest
from django.db import connection

from chantilly_project import databases


def describe(url: str, folder: Path) -> dict[str, object]:
    return databases.describe(url, folder=folder, timeout=1.5, synchronous="FULL")


class TestSqlite:
    def test_puts_a_relative_file_into_the_instance_folder(self, tmp_path: Path) -> None:
        assert describe("sqlite:///data.sqlite3", tmp_path)["NAME"] == tmp_path / "data.sqlite3"

    def test_leaves_an_absolute_file_where_it_is(self, tmp_path: Path) -> None:
        assert describe("sqlite:////srv/data.sqlite3", tmp_path)["NAME"] == Path("/srv/data.sqlite3")

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize(
        ("pragma", "expected"),
        [("journal_mode", "wal"), ("synchronous", 2), ("temp_store", 2), ("wal_autocheckpoint", 4000)],
    )
    def test_sets_up_every_connection(self, pragma: str, expected: object) -> None:
        with connection.cursor() as cursor:
            assert cursor.execute(f"PRAGMA {pragma}").fetchone() == (expected,)

    @pytest.mark.django_db(transaction=True)
    def test_takes_the_write_lock_when_a_transaction_begins(self) -> None:
        from django.db import transaction

        other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0, isolation_level=None)
        with transaction.atomic(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
