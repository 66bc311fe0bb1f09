import bz2
import gzip
import io
import lzma
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import dill
import numpy as np
import pytest
import zstandard
from river import compose, linear_model, preprocessing

from models_app.domain import uploads
from models_app.domain.errors import ModelNotReadable
from tests.refusals import asking

FOREIGN = Path(__file__).parent / "foreign"
MODEL = pickle.dumps(preprocessing.StandardScaler() | linear_model.LinearRegression())


def refused(data: bytes) -> str:
    with pytest.raises(ModelNotReadable) as refusal:
        uploads.loads(data)
    message = str(refusal.value.message)
    assert "\n" not in message
    return asking(message)


def archive(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("model.pickle", data)
    return buffer.getvalue()


def form(data: bytes) -> bytes:
    head = b'--b0\r\nContent-Disposition: form-data; name="file"; filename="m.pkl"\r\n\r\n'
    return head + data + b"\r\n--b0--\r\n"


class Raising:
    """Raises when it is unpickled."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> Any:
        return exec, (self.code,)


# Each begins like a pickle, or like nothing.
TEXTS = [
    b"no pickle at all", b"hello", b"hello\n", b"config\nmodel\n", b"model.pkl", b"I am a model",
    b"x,y\n1,2\n", b"\xef\xbb\xbfhello", "größe".encode(), ("é" * 300).encode(),
    "hello".encode("utf-16"), b"\xfe\xff\x00h", "模型".encode(), b"0",
]  # fmt: skip


class TestLoads:
    @pytest.mark.parametrize("dumps", [pickle.dumps, dill.dumps])
    def test_returns_the_model(self, dumps: Any) -> None:
        factor = 2.0
        model: Any = preprocessing.StandardScaler() | linear_model.LinearRegression()
        if dumps is dill.dumps:
            model = compose.FuncTransformer(lambda x: {"a": factor * x["a"]}) | model

        loaded = uploads.loads(dumps(model))

        assert loaded.predict_one({"a": 1.0}) == 0.0

    @pytest.mark.parametrize(
        ("data", "reported"),
        [
            (b"", "The body is empty"),
            (gzip.compress(MODEL), "gzip"),
            (zstandard.compress(MODEL), "zstd"),
            (bz2.compress(MODEL), "bzip2"),
            (lzma.compress(MODEL), "xz"),
            (zlib.compress(MODEL), "zlib"),
            (b"ZF0x12" + zlib.compress(MODEL), "joblib"),
            (archive(MODEL), "zip archive"),
            (np.lib.format.magic(1, 0) + MODEL, "numpy"),
            (form(MODEL), "--data-binary @FILE"),
            (b'{"model": 1}', "JSON"),
            (b"[1, 2]", "JSON"),
            (b"<!doctype html><p>no</p>", "page"),
            (b"@model.pkl", "--data-binary @FILE"),
            *((text, "it is a text") for text in TEXTS),
            (b"\x80\x06" + MODEL[2:], "protocol=5"),
            (MODEL[:-9], "The model cannot be unpickled"),
            (b"\x80\x05\x8c\x08nowhere_\x8c\x05Model\x93.", "install 'nowhere_' in the server's environment"),
            (b"cnumpy.nowhere\nModel\n.", "another version of numpy"),
            (b"cjson\nNoSuchName\n.", "no such name"),
            (b"c__main__\nNoSuchModel\n.", "dill.dumps"),
            (b"criver.drift.adwin_c\nAdaptiveWindowing\n.", "River 0.24 or older"),
        ],
    )  # fmt: skip
    def test_says_what_to_do(self, data: bytes, reported: str) -> None:
        assert reported in refused(data)

    def test_knows_files_that_joblib_wrote(self, tmp_path: Path) -> None:
        joblib = pytest.importorskip("joblib")
        joblib.dump({"weights": np.ones(3)}, tmp_path / "model.joblib")

        assert "joblib.dump" in refused((tmp_path / "model.joblib").read_bytes())

    @pytest.mark.parametrize(
        "code",
        [
            "raise KeyboardInterrupt",
            "raise SystemExit(3)",
            "raise GeneratorExit",
            "raise BaseException('no')",
            "import asyncio; raise asyncio.CancelledError",
            "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd",
            "from river import drift; d = drift.ADWIN(clock=0); [d.update(i % 2) for i in range(9)]",
            "raise MemoryError",
            "1 / 0",
        ],
    )
    def test_refuses_whatever_it_raises(self, code: str) -> None:
        assert refused(pickle.dumps(Raising(code))).startswith("The model cannot be unpickled: ")

    def test_names_the_limit_where_memory_is_short(self) -> None:
        assert "UPLOAD_MEMORY" in refused(pickle.dumps(Raising("raise MemoryError")))

    def test_does_not_reveal_where_modules_lie(self) -> None:
        assert "site-packages" not in refused(b"criver.tree\nNoSuchTree\n.")

    @pytest.mark.parametrize("name", ["0.22.scaled", "0.24.scaled-learned"])
    def test_knows_models_of_older_rivers(self, name: str) -> None:
        reported = refused((FOREIGN / f"river-{name}.pickle").read_bytes())

        assert "River 0.24 or older" in reported
        assert "the server's River 0." in reported

    def test_refuses_code_of_python_3_10_and_before(self) -> None:
        """Sixteen words, of which dill would make code that is none of this version's."""
        assert "'old' in the model was compiled by another version of Python" in refused(pickle.dumps(Old()))

    def test_looks_at_code_that_is_made_without_a_library(self) -> None:
        words = (0, 0, 0, 0, 1, 67, b"d\x00S\x00", (), (), (), "old.py", "old", "old", 1, b"", b"", (), ())
        # A pickle of version 3 has two bytes before what it says, and one behind.
        data = b"\x80\x03ctypes\nCodeType\n" + pickle.dumps(words, protocol=3)[2:-1] + b"R."

        assert "'old' in the model was compiled by another version" in refused(data)


class Old:
    """Is unpickled to a code object of Python 3.10, as dill writes it."""

    def __reduce__(self) -> Any:
        words = (0, 0, 0, 0, 1, 67, b"d\x00S\x00", (None,), (), (), "old.py", "old", 1, b"", (), ())
        return dill._dill._create_code, (b"", *words)
