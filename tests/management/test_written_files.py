"""`learn` and `predict` on files of other programs: what they say, and which option helps."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from models_app.models import ServedModel
from tests.services.instances import Instance, logistic


@pytest.fixture
def phishing(instance: Instance) -> Instance:
    instance.upload("phishing", logistic())
    return instance


class Run:
    """A command: what it has said, and where."""

    def __init__(self, *arguments: object) -> None:
        out, err = StringIO(), StringIO()
        self.error = ""
        try:
            call_command(*map(str, arguments), stdout=out, stderr=err)
        except CommandError as error:
            self.error = str(error)
        self.out = out.getvalue()


def write(folder: Path, content: bytes | str, name: str = "file.csv") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def seq() -> int:
    return ServedModel.objects.get().seq


class TestLearn:
    def test_reads_what_a_spreadsheet_writes(
        self, phishing: Instance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = write(tmp_path, "größe;y;\r\n1,5;WAHR;\r\n".encode("cp1252").replace(b"WAHR", b"true"))

        run = Run("learn", file, "--model", "phishing", "--target", "y")

        assert run.error == ""
        assert "Learned 1 record " in run.out
        assert f"{file}: it is not UTF-8, and read as cp1252" in capsys.readouterr().err

    def test_reads_what_pandas_writes(
        self, phishing: Instance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = write(tmp_path, ",a,y\n0,1,true\n1,2,false\n")

        run = Run("learn", file, "--model", "phishing", "--target", "y")

        assert "Learned 2 records " in run.out
        assert capsys.readouterr().err.count("the first column has no name") == 1

    @pytest.mark.parametrize(
        ("cell", "options"),
        [
            ("NA", ["--na=NA"]),
            ("?", ["--na=NA", "--na=?"]),
            ("-", ["--na=-"]),
            ('"1,5"', ["--decimal=,"]),
            ("1 234", ["--thousands= "]),
        ],
    )
    def test_names_the_option_that_helps(
        self, phishing: Instance, tmp_path: Path, cell: str, options: list[str]
    ) -> None:
        file = write(tmp_path, f"a,y\n1,true\n{cell},true\n2,false\n")

        refused = Run("learn", file, "--model", "phishing", "--target", "y")
        helped = Run("learn", file, "--model", "phishing", "--target", "y", "--from-line", 3, *options)

        name = options[-1].partition("=")[0]
        assert f"{file}, line 3: " in refused.error
        assert f"Column 'a' has '{cell.strip(chr(34))}': {name}=" in refused.error
        assert helped.error == ""
        assert seq() == 3

    def test_says_nothing_more_of_other_refusals(self, phishing: Instance, tmp_path: Path) -> None:
        file = write(tmp_path, "a,y\nBerlin,true\n")

        run = Run("learn", file, "--model", "phishing", "--target", "y")

        assert "Column" not in run.error

    @pytest.mark.parametrize("header", ["a,a,y", "a,,y", "a,b"])
    def test_reports_no_metrics_where_the_header_is_refused(
        self, phishing: Instance, tmp_path: Path, header: str
    ) -> None:
        file = write(tmp_path, f"{header}\n1,2,true\n")

        run = Run("learn", file, "--model", "phishing", "--target", "y")

        assert f"{file}, line 1: " in run.error
        assert run.out == ""

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            (["--delimiter=ab"], "--delimiter is one character"),
            (["--delimiter=a"], "--delimiter is one character"),
            (['--delimiter="'], "--delimiter is one character"),
            (["--thousands="], "--thousands is one character"),
            (["--thousands=."], "--thousands must be another character"),
            (["--thousands=;", "--delimiter=;"], "--thousands must be another character"),
            (["--encoding=klingon"], "There is no encoding 'klingon'"),
            (["--encoding=rot13"], "There is no encoding 'rot13'"),
            (["--format=ndjson", "--na=NA"], "--na is for CSV files"),
            (["--format=ndjson", "--delimiter=;"], "--delimiter is for CSV files"),
        ],
    )
    def test_refuses_what_cannot_be(
        self, phishing: Instance, tmp_path: Path, options: list[str], reason: str
    ) -> None:
        file = write(tmp_path, "a,y\n1,true\n")

        run = Run("learn", file, "--model", "phishing", "--target", "y", *options)

        assert run.error.startswith(reason)

    def test_takes_a_tab_by_its_name(self, phishing: Instance, tmp_path: Path) -> None:
        file = write(tmp_path, "a, b\ty\n1\ttrue\n")

        run = Run("learn", file, "--model", "phishing", "--target", "y", "--delimiter", r"\t")

        assert "Learned 1 record " in run.out


class TestPredict:
    def test_reads_the_same_files(self, phishing: Instance, tmp_path: Path) -> None:
        file = write(tmp_path, "a;b;\r\n1,5;?;\r\n".encode("utf-16"))

        run = Run("predict", file, "--model", "phishing", "--na", "?")

        assert run.error == ""
        assert run.out.startswith('{"model":"phishing"')

    def test_names_the_option_that_helps(self, phishing: Instance, tmp_path: Path) -> None:
        instance: Any = phishing
        instance.run("phishing", 3)
        file = write(tmp_path, "x,z\nNA,1\n")

        run = Run("predict", file, "--model", "phishing")

        assert run.error.endswith("Column 'x' has 'NA': --na=NA reads that as no value.")
