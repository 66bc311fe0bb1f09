"""Files as programs other than this one write them: spreadsheets, pandas, R, Windows, old Macs."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.management.base import message_line
from models_app.services.files import BadLine, FileRecord, Format, Layout, opened, records
from models_app.services.files.dialects import Dialect, dialect_of, number_reader
from models_app.services.files.encodings import encoding_of
from models_app.services.files.hints import hint

Read = Callable[..., list[Any]]
PLAIN = "a,b,y\n1,x,2\n3,z,4\n"
ROWS = [({"a": 1, "b": "x"}, 2), ({"a": 3, "b": "z"}, 4)]


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def read(tmp_path: Path, notes: list[str]) -> Read:
    def read(
        content: bytes | str, form: Format = Format.CSV, *, encoding: str | None = None, **layout: Any
    ) -> list[Any]:
        file = tmp_path / "file"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        layout.setdefault("targets", ("y",))
        layout.setdefault("has_ground_truth", True)
        with opened(
            str(file),
            max_line_bytes=10_000,
            encoding=encoding,
            is_text=form is Format.CSV,
            on_note=notes.append,
        ) as source:
            return list(map(_plain, records(source, Layout(format=form, **layout))))

    return read


def _plain(line: FileRecord | BadLine) -> Any:
    if isinstance(line, BadLine):
        return line.line, message_line(line.error.message)
    return json.loads(line.features or b""), line.ground_truth


class TestDelimiters:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_are_seen_whatever_ends_a_line(self, read: Read, delimiter: str, end: str) -> None:
        assert read(PLAIN.replace(",", delimiter).replace("\n", end)) == ROWS

    @pytest.mark.parametrize(
        ("content", "dialect"),
        [
            ("", Dialect()),
            ("a\n1\n", Dialect()),
            ("a;b\n", Dialect(";")),
            ('"a,b";c\n"1,2";3\n', Dialect(";", ",")),
            ("a,b;c\n1,2;3\n", Dialect(",")),
            ("a, b;c\nx;1\ny;2\nz;3\n", Dialect(";")),
            ("a\tb\n1,5\t2\n", Dialect("\t", ",")),
            ("a;b\n1,5;2.5\n", Dialect(";")),
            ("a;b\n1,234;2\n", Dialect(";")),
            ("a;b\n1,234;2,5\n", Dialect(";", ",")),
            ("a,b\n1,5\n", Dialect(",")),
            ('a, "b"\n1, 2\n', Dialect(",", skips_spaces=True)),
            ('a, b\n1, "x, y"\n', Dialect(",", skips_spaces=True)),
            ('a,b\n1,"x, ""y"""\n', Dialect()),
            ('a;b\n"', Dialect(";")),
        ],
    )
    def test_are_guessed_only_where_they_are_certain(self, content: str, dialect: Dialect) -> None:
        assert dialect_of(content, delimiter=None, decimal=None) == dialect

    def test_are_what_is_said(self, read: Read) -> None:
        assert read("a:b;:y\n1:2:3\n", delimiter=":") == [({"a": 1, "b;": 2}, 3)]

    @settings(max_examples=200, deadline=None)
    @given(st.text(st.sampled_from('a1,;|\t"\r\n .\x00é'), max_size=60))
    def test_are_guessed_of_anything(self, head: str) -> None:
        found = dialect_of(head, delimiter=None, decimal=None)

        assert found.delimiter in {",", ";", "\t", "|"}

    def test_may_be_followed_by_a_quoted_value(self, read: Read) -> None:
        assert read('"a", "b", "y"\n1, "x, y", 2\n') == [({"a": 1, "b": "x, y"}, 2)]

    def test_are_reported_where_a_column_is_not_found(self, read: Read) -> None:
        assert read("a:y\n1:2\n") == [
            (1, "There is no column 'y'; the header has a:y; is --delimiter another?.")
        ]
        assert read("a;b\n1;2\n") == [(1, "There is no column 'y'; the header has a, b (cut at ';').")]


class TestNumbers:
    def test_have_a_decimal_comma_in_semicolon_files(self, read: Read) -> None:
        assert read("a;b;y\n1,5;x, y;-2,25\n7;0,1e3;3\n") == [
            ({"a": 1.5, "b": "x, y"}, -2.25),
            ({"a": 7, "b": 100.0}, 3),
        ]

    def test_are_as_is_said(self, read: Read) -> None:
        assert read('a,y\n"1,5",2\n', decimal=",") == [({"a": 1.5}, 2)]
        assert read("a;y\n1,5;2\n", decimal=".") == [({"a": "1,5"}, 2)]
        assert read("a;y\n1.234,5;2\n", decimal=",", thousands=".") == [({"a": 1234.5}, 2)]
        assert read("a;y\n1 234;2\n", thousands=" ") == [({"a": 1234}, 2)]

    @pytest.mark.parametrize("cell", ["1.23,5", "1.2345", "12.34.567", ".5", "01.234", "1,2,3", "", "x"])
    def test_are_none_where_they_do_not_fit(self, cell: str) -> None:
        assert number_reader(decimal=",", thousands=".")(cell) is None

    @given(st.integers(-(10**12), 10**12), st.sampled_from(["'", " ", ".", "\u202f"]))
    def test_are_read_with_thousands_as_they_are_written(self, number: int, separator: str) -> None:
        written = f"{number:,}".replace(",", separator)

        assert number_reader(decimal=",", thousands=separator)(written) == str(number)


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("form", [Format.CSV, Format.NDJSON])
    def test_of_unicode_are_seen(self, read: Read, encoding: str, end: str, form: Format) -> None:
        csv, ndjson = "größe,y\n1,2\n", '{"größe": 1, "y": 2}\n{"größe": 3, "y": 4}\n'
        text = (csv if form is Format.CSV else ndjson).replace("\n", end)

        found = read(text.encode(encoding), form)

        assert found[0] == ({"größe": 1}, 2)
        assert len(found) == (1 if form is Format.CSV else 2)

    @pytest.mark.parametrize(("encoding", "text"), [("cp1252", "größe €"), ("latin-1", "gr\x81öße")])
    def test_of_before_unicode_are_reported(
        self, read: Read, notes: list[str], encoding: str, text: str
    ) -> None:
        assert read(f"{text};y\n1;2\n".encode(encoding)) == [({text: 1}, 2)]

        (note,) = notes
        assert note == f"it is not UTF-8, and read as {encoding}; --encoding says what it is."

    def test_of_json_are_unicode(self, read: Read, notes: list[str]) -> None:
        ((line, reason),) = read('{"größe": 1, "y": 2}\n'.encode("latin-1"), Format.NDJSON)

        assert line == 1
        assert reason
        assert notes == []
        assert read('{"größe": 1, "y": 2}\n'.encode("latin-1"), Format.NDJSON, encoding="latin-1") == [
            ({"größe": 1}, 2)
        ]

    def test_are_what_is_said(self, read: Read, notes: list[str]) -> None:
        assert read("größe,y\n1,2\n".encode("cp850"), encoding="cp850") == [({"größe": 1}, 2)]
        assert notes == []

    def test_that_do_not_fit_end_the_file(self, read: Read) -> None:
        found = read("a,y\n1,2\n".encode("utf-16") + b"\x00\xd8\x0a\x00", encoding="utf-16")

        _line, reason = found[-1]
        assert "The file is no utf-16" in reason
        assert reason.endswith("say --encoding.")

    def test_are_known_by_name_only(self) -> None:
        for name in ("nonsense", "rot13", "hex"):
            with pytest.raises(LookupError):
                encoding_of(b"", chosen=name, is_text=True)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200), st.booleans())
    def test_are_guessed_of_anything(self, head: bytes, is_text: bool) -> None:
        found = encoding_of(head, chosen=None, is_text=is_text)

        head.decode(found.name, "replace")

    @pytest.mark.parametrize("cut", range(1, 4))
    def test_are_seen_where_a_character_is_cut(self, cut: int) -> None:
        assert encoding_of("größe €".encode()[:-cut], chosen=None, is_text=True).name == "utf-8"

    def test_are_seen_in_gzipped_files(self, read: Read) -> None:
        assert read(gzip.compress("größe;y\r\n1,5;2\r\n".encode("utf-16"))) == [({"größe": 1.5}, 2)]


class TestColumns:
    def test_without_a_name_are_left_out_where_they_are_an_index(self, read: Read, notes: list[str]) -> None:
        assert read(",a,y\n0,1,2\n1,3,4\n") == [({"a": 1}, 2), ({"a": 3}, 4)]
        assert notes == ["the first column has no name (the index, as pandas writes it) and is left out."]

    def test_without_a_name_may_be_ignored(self, read: Read, notes: list[str]) -> None:
        assert read(",a,y\n0,1,2\n", ignored=frozenset({""})) == [({"a": 1}, 2)]
        assert notes == []

    @pytest.mark.parametrize(
        "content",
        ["a,y,,,\n1,2,,,\n3,4,,,\n", "a,y\n1,2,\n3,4\n", "a,y\n1,2,,\n3,4,,\n", ",a,y,\n,1,2,\n,3,4,\n"],
    )
    def test_at_the_end_are_left_out_where_they_are_empty(self, read: Read, content: str) -> None:
        assert read(content) == [({"a": 1}, 2), ({"a": 3}, 4)]

    def test_at_the_end_are_refused_where_they_are_not(self, read: Read) -> None:
        assert read("a,y,,\n1,2,,5\n3,4,,\n") == [
            (2, "The row has 4 columns, the header 2."),
            ({"a": 3}, 4),
        ]

    @pytest.mark.parametrize(("header", "column"), [("a,,y", 2), ("a,y,,z", 3), (" ", 1), (",,y", 2)])
    def test_in_the_middle_need_a_name(self, read: Read, header: str, column: int) -> None:
        assert read(f"{header}\n1,2,3\n") == [(1, f"Column {column} of the header has no name.")]

    def test_of_one_name_may_be_left_out_together(self, read: Read) -> None:
        assert read("a,b,a,y\n1,2,3,4\n", ignored=frozenset({"a"})) == [({"b": 2}, 4)]


class TestMissing:
    def test_is_what_is_said(self, read: Read) -> None:
        content = "a,b,y\nNA,?,1\n -,NaN,2\n3,NA,NA\n"

        found = read(content, missing=frozenset({"NA", "?", "-"}))

        assert found == [({}, 1), ({"b": "NaN"}, 2), (4, "ground_truth: required field")]

    def test_is_nothing_otherwise(self, read: Read) -> None:
        assert read("a,b,c,y\nNA,?,-,1\n") == [({"a": "NA", "b": "?", "c": "-"}, 1)]


class TestHint:
    @pytest.mark.parametrize(
        ("cell", "option"),
        [
            ("NA", "--na=NA"),
            ("nan", "--na=nan"),
            ("?", "--na=?"),
            (" - ", "--na=-"),
            ("1,5", "--decimal=,"),
            ("1,234", "--decimal=,"),
            ("1,234.5", "--thousands=','"),
            ("1,234,567", "--thousands=','"),
            ("1.234,5", "--thousands='.' --decimal=,"),
            ("1 234", "--thousands=' '"),
            ("1'234'567", "--thousands=''' "),
            ("Berlin", None),
            ("10115 Berlin", None),
            (7, None),
        ],
    )
    def test_names_the_option_that_reads_a_cell_otherwise(self, cell: object, option: str | None) -> None:
        features = json.dumps({"good": 1, "a": cell}).encode()
        record = FileRecord(line=2, features=features, ground_truth=1)

        reported = hint(record, Layout(format=Format.CSV, targets=("y",), has_ground_truth=True))

        assert (reported is None) == (option is None), reported
        assert reported is None or (reported.startswith("Column 'a' has ") and str(option) in reported)

    def test_looks_at_the_ground_truth(self) -> None:
        record = FileRecord(line=2, features=b"{}", ground_truth="NA")

        assert hint(record, Layout(format=Format.CSV, targets=("y",))) == (
            "Column 'y' has 'NA': --na=NA reads that as no value."
        )

    def test_says_nothing_of_what_is_meant_to_be_a_string(self) -> None:
        record = FileRecord(line=2, features=b'{"a": "NA"}', ground_truth=1)

        assert hint(record, Layout(format=Format.CSV, strings=frozenset({"a"}))) is None
        assert hint(record, Layout(format=Format.NDJSON)) is None


class TestPipe:
    def test_is_not_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reading, writing = os.pipe()

        class _Stdin:
            buffer = os.fdopen(reading, "rb")

        monkeypatch.setattr("sys.stdin", _Stdin)
        layout = Layout(format=Format.CSV, targets=("y",), has_ground_truth=True)
        os.write(writing, b"a;b;y\n1,5;x;2\n")
        with os.fdopen(writing, "wb", buffering=0) as pipe, opened("-", max_line_bytes=100) as source:
            found = records(source, layout)
            pipe.write(b"3;z,5;4\n")
            rows = [_plain(next(found)), _plain(next(found))]
        _Stdin.buffer.close()

        assert rows == [({"a": 1.5, "b": "x"}, 2), ({"a": 3, "b": "z,5"}, 4)]
