"""Pickles of River's own objects, of every class, are taken."""

import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import dill
import pytest
from river import compose, linear_model, preprocessing

from models_app.domain import blobs, uploads
from models_app.domain.errors import ModelNotAllowed
from models_app.domain.fingerprints import fingerprint
from models_app.domain.listed import names, unpickler
from models_app.domain.uploads import Taken
from tools import river_names

ROOT = Path(__file__).parents[3]
#: What is refused all the same, and why.
REFUSED = {
    "compat.SKL2RiverClassifier": "'sklearn.",  # it holds an estimator of another library
    "compat.SKL2RiverRegressor": "'sklearn.",
    "compose.TargetTransformRegressor": "'tests.battery.",  # functions of one's own
}


def _by_title() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for title, made in river_names.objects():
        found.setdefault(title, []).append(made)
    return found


OBJECTS = _by_title()


@pytest.mark.parametrize("title", sorted(OBJECTS.keys() - REFUSED.keys()))
def test_is_taken_new_and_learned(title: str) -> None:
    for made in OBJECTS[title]:
        data = b""
        for data in _some(river_names.pickles(made, 6)):
            unpickler.loads(data)
        with suppress(ValueError):  # one has an integer of more digits than Python writes
            assert fingerprint(unpickler.loads(data)) == fingerprint(pickle.loads(data))


def _some(pickles: Any) -> list[bytes]:
    """Return those of the new object, and some of the learned."""
    return [data for _, data in zip(range(8), pickles, strict=False)]


@pytest.mark.parametrize("title", REFUSED)
def test_is_refused_for_a_reason(title: str) -> None:
    for made in OBJECTS[title]:
        with pytest.raises(ModelNotAllowed, match=REFUSED[title]):
            uploads.loads(pickle.dumps(made), Taken.RIVER)


def test_learns_on_as_it_would_have() -> None:
    model: Any = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    for number in range(50):
        model.learn_one({"a": number % 7, "b": -number}, number % 3 == 0)

    loaded = uploads.loads(blobs.dumps(model), Taken.RIVER)

    assert fingerprint(loaded) == fingerprint(model)


def test_says_what_to_do_about_what_dill_writes() -> None:
    with pytest.raises(ModelNotAllowed, match=r"'dill\._dill\..* is not allowed: .* use pickle\.dumps"):
        uploads.loads(dill.dumps(compose.FuncTransformer(lambda x: x)), Taken.RIVER)


def test_takes_no_pickle_where_specifications_alone_are_taken() -> None:
    with pytest.raises(ModelNotAllowed, match="MODEL_UPLOADS=spec takes specifications alone"):
        uploads.loads(pickle.dumps(linear_model.LinearRegression()), Taken.SPEC)


class TestList:
    def test_has_names_that_are_there(self) -> None:
        listed = names.listed()

        for name in listed.classes | listed.functions | listed.called | names.VALUES:
            assert names.found(*name)[0] == name

    def test_has_every_class_of_the_installed_river(self) -> None:
        here = {(kind.__module__, kind.__qualname__) for kind in river_names.classes()}

        assert here == names.listed().classes, "run tools/river_names.py"

    def test_has_nothing_that_reads_files(self) -> None:
        packages = {module.split(".")[1] for module, _ in names.listed().classes}

        assert not packages & set(river_names.NO_MODELS)

    def test_imports_a_module_when_it_is_named(self) -> None:
        script = (
            "import sys\nfrom models_app.domain.listed import names\n"
            "names.listed()\nbefore = set(sys.modules)\n"
            "try: names.found('xmlrpc.client', 'ServerProxy')\nexcept names.NotAllowed: pass\n"
            "print(len(set(sys.modules) - before))\n"
        )

        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        )

        assert done.stdout == "0\n"

    @pytest.mark.soak
    def test_is_what_the_script_writes(self) -> None:
        lines = [" ".join(line) for line in sorted(river_names.recorded())]

        assert lines == [line for line in river_names.TARGET.read_text().splitlines() if line[0] != "#"]
