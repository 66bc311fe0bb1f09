"""Whatever comes, the parser answers with a model's parts, or with `InvalidSpec`."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from models_app.domain.errors import InvalidSpec
from models_app.domain.specs import allowing, reading
from models_app.domain.specs.forms import Chain, Part

PATHS = sorted(allowing.classes())
PARAMS = sorted({name for allowed in allowing.classes().values() for name in allowed.params})
FORMS = ["class", "params", "name", *reading.FORMS]

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from([*PATHS, "os.system", "__class__", "linear_model.base.GLM", "inf", "abs"])
)  # fmt: skip
#: Objects whose members have names that mean something, mostly.
names = st.sampled_from(FORMS) | st.sampled_from(PARAMS) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(names, inner, max_size=4)
        | st.fixed_dictionaries(
            {
                "class": st.sampled_from(PATHS),
                "params": st.dictionaries(st.sampled_from(PARAMS), inner, max_size=4),
            }
        )
        | st.fixed_dictionaries({"pipeline": st.lists(inner, max_size=3)})
    ),
    max_leaves=30,
)


def read(text: bytes) -> None:
    try:
        found = reading.read(text)
    except InvalidSpec:
        return
    assert isinstance(found, Part | Chain)


@given(values)
@settings(max_examples=400, deadline=None)
@example({"class": "cluster.TextClust", "params": {"micro_distance": {"class": "stats.Mean"}}})
@example({"class": "compose.Renamer", "params": {"mapping": {"dict": [[[[1], 2], 3]]}}})
@example({"class": "utils.Rolling", "params": {"cls": {"type": ["stats.Mean"]}, "window_size": 3}})
@example({"class": "utils.Rolling", "params": {"cls": {"class": "stats.Mean"}, "window_size": 3}})
@example({"float": {}, "class": {}})
def test_reads_any_json_or_refuses_it(value: Any) -> None:
    read(json.dumps(value).encode())


@given(
    st.binary(max_size=200) | st.text(alphabet='{}[]":,0123456789eE.-\\uNaIn', max_size=200).map(str.encode)
)
@settings(max_examples=400, deadline=None)
def test_reads_any_bytes_or_refuses_them(text: bytes) -> None:
    read(text)
