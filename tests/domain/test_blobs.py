import pickle

import dill
import pytest
from river import linear_model, preprocessing

from models_app.domain import blobs
from models_app.domain.blobs import Signer, Versions
from models_app.domain.errors import ModelNotLoadable


class TestDumps:
    def test_makes_bytes_that_pickle_and_dill_load(self) -> None:
        model = preprocessing.StandardScaler() | linear_model.LinearRegression()
        model.learn_one({"a": 1.0}, 2.0)

        data = blobs.dumps(model)

        for loads in (pickle.loads, dill.loads, blobs.loads):
            assert loads(data).predict_one({"a": 1.0}) == model.predict_one({"a": 1.0})

    def test_takes_along_what_pickle_refuses(self) -> None:
        factor = 3
        data = blobs.dumps(lambda x: x * factor)

        assert blobs.loads(data)(2) == 6


class TestCompression:
    def test_gives_back_the_same_bytes(self) -> None:
        data = b"river " * 1000

        assert blobs.decompress(blobs.compress(data)) == data
        assert len(blobs.compress(data)) < len(data) / 10


class TestVersions:
    def test_of_this_process_match_themselves(self) -> None:
        here = Versions.current()

        assert here.mismatch(here) is None

    def test_names_each_difference_that_matters(self) -> None:
        here = Versions(river="0.26.1", python="3.11.7", numpy="2.4.6")
        stored = Versions(river="0.26.0", python="3.12.1", numpy="1.26.0")

        assert here.mismatch(stored) == "Python 3.12.1 (here 3.11.7), numpy 1.26.0 (here 2.4.6)"


class TestSigner:
    def test_accepts_what_it_signed(self) -> None:
        signer = Signer(["key"])

        signer.check("snapshot 1", signer.sign("snapshot 1", b"model", b"metrics"), b"model", b"metrics")

    @pytest.mark.parametrize(
        ("key", "context", "parts"),
        [
            ("another", "snapshot 1", (b"model", b"metrics")),
            ("key", "snapshot 2", (b"model", b"metrics")),
            ("key", "snapshot 1", (b"modelm", b"etrics")),
            ("key", "snapshot 1", (b"evil", b"metrics")),
        ],
    )
    def test_refuses_anything_else(self, key: str, context: str, parts: tuple[bytes, ...]) -> None:
        signature = Signer(["key"]).sign("snapshot 1", b"model", b"metrics")

        with pytest.raises(ModelNotLoadable, match="signature"):
            Signer([key]).check(context, signature, *parts)

    def test_still_accepts_what_an_earlier_key_signed(self) -> None:
        signature = Signer(["old"]).sign("snapshot 1", b"model")

        Signer(["new", "old"]).check("snapshot 1", signature, b"model")
