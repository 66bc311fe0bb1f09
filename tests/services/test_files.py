"""Reading records from files."""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models_app.domain.errors import ChantillyError
from models_app.management.base import message_line
from models_app.services.files import BadLine, FileRecord, Format, Layout, format_of, opened, records

Read = Callable[..., list[Any]]
MAX_LINE_BYTES = 10_000


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(
        content: bytes | str,
        form: Format = Format.CSV,
        *,
        encoding: str | None = None,
        notes: list[str] | None = None,
        **layout: Any,
    ) -> list[Any]:
        file = tmp_path / "file"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        with opened(
            str(file),
            max_line_bytes=MAX_LINE_BYTES,
            encoding=encoding,
            is_text=form is Format.CSV,
            on_note=None if notes is None else notes.append,
        ) as source:
            return list(records(source, Layout(format=form, **layout)))

    return read


def features(record: FileRecord | BadLine) -> Any:
    assert isinstance(record, FileRecord), record
    return json.loads(record.features or b"")


def bad(lines: list[FileRecord | BadLine]) -> Iterator[tuple[int, str]]:
    for line in lines:
        if isinstance(line, BadLine):
            yield line.line, message_line(line.error.message)


class TestFormat:
    @pytest.mark.parametrize(
        ("name", "form"),
        [
            ("a.csv", Format.CSV),
            ("dir.csv/A.CSV.GZ", Format.CSV),
            ("a.ndjson.gz", Format.NDJSON),
            ("a.jsonl", Format.NDJSON),
            ("a.csv/b", None),
            ("a.gz", None),
            ("-", None),
        ],
    )
    def test_is_recognized_by_the_name(self, name: str, form: Format | None) -> None:
        assert format_of(name) is form


class TestCells:
    @pytest.mark.parametrize(
        ("cell", "value"),
        [
            ("1", 1),
            ("-0.5", -0.5),
            ("1e3", 1000.0),
            (" 2 ", 2),
            ("0.1", 0.1),
            ("true", True),
            ("False", False),
            ("TRUE", True),
            ("tRUE", "tRUE"),
            ("+1", "+1"),
            ("007", "007"),
            (".5", ".5"),
            ("1.", "1."),
            ("NaN", "NaN"),
            ("null", "null"),
            ("٣", "٣"),
            ("a b", "a b"),
            ('"say ""so"""', 'say "so"'),
            ('"two\nlines"', "two\nlines"),
            ("back\\slash", "back\\slash"),
        ],
    )
    def test_are_what_they_read_as(self, read: Read, cell: str, value: object) -> None:
        (record,) = read(f"x,y\n{cell},z\n")

        assert features(record) == {"x": value, "y": "z"}
        assert type(features(record)["x"]) is type(value)

    def test_keep_every_digit(self, read: Read) -> None:
        (record,) = read("x\n0.1000000000000000055511151231257827\n")

        assert record.features == b'{"x":0.1000000000000000055511151231257827}'

    def test_are_left_out_where_they_are_empty(self, read: Read) -> None:
        assert [features(record) for record in read("x,y\n1,\n,2\n,\n")] == [{"x": 1}, {"y": 2}, {}]

    def test_are_strings_where_that_is_said(self, read: Read) -> None:
        (record,) = read("zip,y\n10115,1\n", strings={"zip", "y"}, targets=("y",), has_ground_truth=True)

        assert features(record) == {"zip": "10115"}
        assert record.ground_truth == "1"


class TestCsv:
    def test_has_features_in_every_column_but_some(self, read: Read) -> None:
        (record,) = read(
            "a, b ,when,no,y\n1,2,yesterday,42,true\n",
            targets=("y",),
            has_ground_truth=True,
            id_column="no",
            ignored={"when"},
        )

        assert features(record) == {"a": 1, "b": 2}
        assert (record.ground_truth, record.prediction_id, record.line) == (True, "42", 2)

    def test_counts_lines_not_rows(self, read: Read) -> None:
        lines = read('x\n"a\nb"\n\nc\n"d\r\ne"\nf\n')

        assert [line.line for line in lines] == [2, 5, 6, 8]

    @pytest.mark.parametrize("content", ["", "\n\n", "x\n", "\nx\n\n\n"])
    def test_may_hold_nothing(self, read: Read, content: str) -> None:
        assert read(content) == []

    def test_may_begin_with_a_byte_order_mark_and_end_without_a_newline(self, read: Read) -> None:
        assert features(read("\ufeffx\r\n1".encode())[0]) == {"x": 1}

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("1", "The row has 1 columns, the header 2."),
            ("1,2,3", "The row has 3 columns, the header 2."),
            ("1,", "ground_truth: required field"),
            ('1,"2"3', "',' expected after '\"'."),
            ("1,1e999", "ground_truth: Number out of range"),
            ("x" * MAX_LINE_BYTES + "x,1", f"The line has more than {MAX_LINE_BYTES} bytes."),
        ],
    )
    def test_says_what_is_wrong_with_a_row_and_goes_on(self, read: Read, row: str, reason: str) -> None:
        lines = read(f"x,y\n1,1\n{row}\n2,2\n", targets=("y",), has_ground_truth=True)

        assert list(bad(lines)) == [(3, reason)]
        assert [line.line for line in lines] == [2, 3, 4]
        assert lines[2].ground_truth == 2

    def test_goes_on_after_a_line_that_is_not_utf_8(self, read: Read) -> None:
        lines = read(b"x\n\xff\xfe\nb\n", encoding="utf-8")

        ((line, reason),) = bad(lines)
        assert line == 2
        assert reason.startswith("'utf-8' codec can't decode byte 0xff")
        assert reason.endswith("say --encoding.")
        assert features(lines[1]) == {"x": "b"}

    def test_reports_a_quote_that_nothing_ends(self, read: Read) -> None:
        assert list(bad(read('x\n1\n"a\nb\n'))) == [(3, "unexpected end of data.")]

    @pytest.mark.parametrize(
        ("header", "reason"),
        [
            ("x,,y", "Column 2 of the header has no name."),
            ("x,y,x", "The header has the column 'x' twice: rename one; --ignore=x leaves both out."),
            ("x,z", "There is no column 'y'; the header has x, z."),
        ],
    )
    def test_ends_with_a_header_that_cannot_be_used(self, read: Read, header: str, reason: str) -> None:
        lines = read(f"{header}\n1,2,3\n", targets=("y",), has_ground_truth=True)

        assert list(bad(lines)) == [(1, reason)]
        assert lines[0].ends_file
        assert len(lines) == 1

    @pytest.mark.parametrize("option", [{"strings": {"nope"}}, {"ignored": {"nope"}}, {"id_column": "nope"}])
    def test_knows_every_column_that_is_named(self, read: Read, option: dict[str, Any]) -> None:
        assert list(bad(read("x,y\n1,2\n", **option))) == [
            (1, "There is no column 'nope'; the header has x, y.")
        ]

    def test_asks_for_an_id_in_each_row(self, read: Read) -> None:
        assert list(bad(read("x,no\n1,7\n2,\n", id_column="no"))) == [(3, "no: required field")]


class TestNdjson:
    def test_is_what_the_api_takes(self, read: Read) -> None:
        lines = read(
            '{"features": {"a": 1.50}, "ground_truth": true}\n\n'
            '{"ground_truth": "x", "features": "some text", "model": "m"}\n',
            Format.NDJSON,
            is_flat=False,
            has_ground_truth=True,
        )

        assert lines == [
            FileRecord(line=1, features=b'{"a": 1.50}', ground_truth=True),
            FileRecord(line=3, features=b'"some text"', ground_truth="x", model="m"),
        ]

    def test_is_what_the_api_predicts(self, read: Read) -> None:
        lines = read(
            '{"features": {}}\n{"features": {}, "id": 7, "model": "m"}\n', Format.NDJSON, is_flat=False
        )

        assert lines == [
            FileRecord(line=1, features=b"{}"),
            FileRecord(line=2, features=b"{}", prediction_id=7, model="m"),
        ]

    def test_may_be_flat(self, read: Read) -> None:
        lines = read(
            '{"a": 1.50, "y": 2, "b": null, "zip": 10115, "no": 7, "when": [1]}\n'
            '{"y": 3, "zip": "1", "no": "8"}',
            Format.NDJSON,
            targets=("y",),
            has_ground_truth=True,
            id_column="no",
            ignored={"when"},
            strings={"zip"},
        )

        assert lines == [
            FileRecord(
                line=1, features=b'{"a":1.50,"b":null,"zip":"10115"}', ground_truth=2, prediction_id=7
            ),
            FileRecord(line=2, features=b'{"zip":"1"}', ground_truth=3, prediction_id="8"),
        ]

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (
                '{"features": {}, "ground_truth": null}',
                "Expected `bool | int | float | str | object`, got `null`",
            ),
            ('{"features": {}, "ground_truth": 1, "id": 7}', "Object contains unknown field `id`."),
            ('{"features": {}', "Input data was truncated."),
            ("[]", "Expected `object`, got `array`."),
            ("nonsense", "JSON is malformed"),
            ('{"features": NaN, "ground_truth": 1}', "JSON is malformed"),
            ('"' + "x" * MAX_LINE_BYTES, f"The line has more than {MAX_LINE_BYTES} bytes."),
        ],
    )
    def test_says_what_is_wrong_with_a_line_and_goes_on(self, read: Read, line: str, reason: str) -> None:
        good = '{"features": {}, "ground_truth": 1}'
        lines = read(f"{good}\n{line}\n{good}\n", Format.NDJSON, is_flat=False, has_ground_truth=True)

        ((number, reported),) = bad(lines)
        assert number == 2
        assert reported.startswith(reason)
        assert isinstance(lines[2], FileRecord)

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('{"x": 1}', "y: required field"),
            ('{"y": null}', "y: required field"),
            ('{"y": [1]}', "ground_truth: Expected `bool | int | float | str`, got `array`"),
        ],
    )
    def test_says_what_is_wrong_with_a_flat_line(self, read: Read, line: str, reason: str) -> None:
        assert list(bad(read(line, Format.NDJSON, targets=("y",), has_ground_truth=True))) == [(1, reason)]


class TestGzip:
    def test_is_known_by_its_first_bytes(self, read: Read) -> None:
        parts = gzip.compress(b"x\n1\n") + gzip.compress(b"2\n")

        assert [features(record) for record in read(parts)] == [{"x": 1}, {"x": 2}]

    @pytest.mark.parametrize("form", list(Format))
    def test_ends_the_file_where_it_is_damaged(self, read: Read, form: Format) -> None:
        content = b"".join(b'{"x":%d}\n' % number for number in range(10_000))
        whole = gzip.compress(content if form is Format.NDJSON else b"x\n" + content)

        lines = read(whole[: len(whole) // 2], form)

        assert isinstance(lines[-1], BadLine)
        assert lines[-1].ends_file
        assert "Compressed file ended" in str(lines[-1].error)
        assert len(lines) > 1000


class TestSource:
    def test_says_how_far_it_is(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(gzip.compress(b"1\n2\n"))

        with opened(str(file), max_line_bytes=100) as source:
            lines = list(source)
            assert (source.position, source.size) == (file.stat().st_size, file.stat().st_size)

        assert lines == [b"1\n", b"2\n"]

    def test_is_standard_input_by_the_name_of_a_dash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", _Stdin(b"1\n"))

        with opened("-", max_line_bytes=100) as source:
            assert (list(source), source.name) == ([b"1\n"], "standard input")
            assert (source.position, source.size) == (None, None)

    def test_refuses_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError), opened(str(tmp_path / "none"), max_line_bytes=100):
            pass

    def test_says_of_a_long_line_only_what_it_must(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"x" * 1_000_000 + b"\n1\n")

        with opened(str(file), max_line_bytes=100) as source:
            with pytest.raises(ChantillyError, match="more than 100 bytes"):
                next(source)
            assert list(source) == [b"1\n"]


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


class _Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BufferedReader(_Pipe(content))
