"""The files of a database are looked at where something may have changed in their folder."""

import os
from pathlib import Path

import pytest

from models_app.sqlite.files import DatabaseFiles, FilesMoved

LONG_AGO = 1_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    database = folder / "a.sqlite3"
    database.write_bytes(b"a")
    settle(folder)
    return database


def settle(folder: Path) -> None:
    os.utime(folder, (LONG_AGO, LONG_AGO))


def opened(path: Path) -> DatabaseFiles:
    files = DatabaseFiles(str(path))
    files.opened()
    files.check()
    return files


def test_in_their_place_are_fine(path: Path) -> None:
    files = opened(path)
    files.check()


def test_replaced_are_noticed(path: Path) -> None:
    files = opened(path)
    other = path.with_name("other")
    other.write_bytes(b"b")
    other.replace(path)

    with pytest.raises(FilesMoved, match="moved away or replaced"):
        files.check()


def test_replaced_in_the_same_tick_are_noticed(path: Path) -> None:
    # As on a file system with coarse times, where the folder looks the same afterwards.
    os.utime(path.parent)
    files = opened(path)
    times = path.parent.stat()
    path.rename(path.with_name("away"))
    os.utime(path.parent, ns=(times.st_atime_ns, times.st_mtime_ns))

    with pytest.raises(FilesMoved):
        files.check()


def test_moved_with_their_folder_are_noticed_and_are_fine_when_it_is_back(path: Path) -> None:
    files = opened(path)
    away = path.parent.rename(path.parent.with_name("away"))
    with pytest.raises(FilesMoved):
        files.check()
    with pytest.raises(FilesMoved):
        files.check()

    away.rename(path.parent)
    files.check()


def test_in_another_folder_of_the_same_name_are_noticed(path: Path) -> None:
    files = opened(path)
    path.parent.rename(path.parent.with_name("away"))
    path.parent.mkdir()
    path.write_bytes(b"a")
    settle(path.parent)

    with pytest.raises(FilesMoved):
        files.check()


def test_behind_a_link_are_noticed(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite3"
    link.symlink_to(path)
    settle(tmp_path)
    files = opened(link)
    path.rename(path.with_name("away"))
    path.write_bytes(b"b")
    settle(tmp_path)

    with pytest.raises(FilesMoved):
        files.check()


def test_another_log_than_the_one_that_was_opened_is_noticed(path: Path) -> None:
    log = Path(f"{path}-wal")
    log.write_bytes(b"")
    settle(path.parent)
    files = DatabaseFiles(str(path))
    wal = files.opened()
    files.check(wal)
    files.check(wal)
    assert wal is not None

    with pytest.raises(FilesMoved, match="-wal was deleted or replaced"):
        files.check((wal[0], wal[1] + 1))
