"""Commands and outcomes as bytes, and back."""

import errno
import math
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models_app.domain import errors
from models_app.domain.errors import ChantillyError, ModelNotFound, ModelRaised, NoFeatures
from models_app.domain.features import Features
from models_app.engine.commands import Command, Export, LearnById, LearnFeatures, Predict, PredictInDetail
from models_app.wire import codec
from tests.api.strange import odd_text

texts = st.text(max_size=8)
names = st.none() | texts
times = st.floats(allow_nan=False)
numbers = st.floats() | st.sampled_from([-0.0, 5e-324, math.inf, math.nan])
integers = st.integers() | st.sampled_from([2**63, 10**30, -(10**400)])
labels = st.booleans() | integers | numbers | texts
# What is no float in the end is no probability.
shares = st.none() | numbers | st.integers(-(2**70), 2**70)
predictions = st.none() | labels | st.dictionaries(labels, shares, max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
decoded_features: st.SearchStrategy[Features] = texts | st.dictionaries(texts, values, max_size=4)


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Return any command that can be sent."""
    x = draw(decoded_features)
    text = draw(st.sampled_from([b"", b" ", b"\n"])) + msgspec.json.encode(x)
    name, prediction_id, at = draw(names), draw(names), draw(times)
    return draw(
        st.sampled_from(
            [
                Predict(name, text, x, prediction_id, at),
                PredictInDetail(Predict(name, text, x, prediction_id, at), ("interval", "explanation")),
                LearnById(name, prediction_id or "", draw(labels), at),
                LearnFeatures(name, text, x, draw(labels), at),
            ]
        )
    )


def same(one: Any, other: Any) -> bool:
    """Say whether two values are the same to the last bit, and of the same types."""
    return repr(one) == repr(other)


def fields_of(command: Command) -> dict[str, object]:
    """Return all that makes up a command, but who waits for it."""
    own = [name for kind in type(command).__mro__ for name in getattr(kind, "__slots__", ())]
    waiting = {"bundle", "future", "loop", "position", "queued_at", "trace"}
    return {name: getattr(command, name) for name in own if name not in waiting}


def sent(command: Command) -> Command:
    """Return a command as it arrives."""
    data = msgspec.msgpack.encode(codec.command_value(command))
    return codec.command_of(msgspec.msgpack.decode(data, type=codec.CommandValue))


def answered(outcome: object) -> Any:
    """Return an outcome as it arrives."""
    data = msgspec.msgpack.encode(codec.outcome_value(outcome))
    return codec.outcome_of(msgspec.msgpack.decode(data, type=codec.OutcomeValue))


class TestCommands:
    @given(commands())
    def test_come_back_as_they_were(self, command: Command) -> None:
        back = sent(command)

        assert type(back) is type(command)
        assert same(fields_of(back), fields_of(command))
        assert back.commits == command.commits

    def test_are_written_as_they_were_asked_whatever_the_engine_has_guessed(self) -> None:
        command = Predict(None, b"{}", {}, None, 1.0)
        command.name = "guessed"

        back = sent(command)

        assert (back.name, back.relies_on_default) == (None, True)

    def test_that_stay_in_their_process_are_refused(self) -> None:
        with pytest.raises(TypeError, match="Export stays in its process"):
            codec.command_value(Export("model"))

    @pytest.mark.parametrize(
        "data", [b"", b"nonsense", msgspec.msgpack.encode(codec.outcome_value(5))], ids=repr
    )
    def test_are_not_made_of_other_bytes(self, data: bytes) -> None:
        with pytest.raises(msgspec.MsgspecError):
            msgspec.msgpack.decode(data, type=codec.CommandValue)


def refusals() -> list[ChantillyError]:
    """Return one of each kind that stands in `errors`."""
    kinds = [kind for kind in ChantillyError.__subclasses__() if kind.__module__ == errors.__name__]
    assert len(kinds) > 15
    return [errors.restored(kind.code, f"Why not: {kind.__name__}.") for kind in kinds]


messages = odd_text | st.dictionaries(odd_text, st.lists(odd_text, max_size=3), min_size=1, max_size=3)


class TestOutcomes:
    @given(
        st.tuples(texts, predictions)
        | st.tuples(texts, predictions, st.fixed_dictionaries({"ask": st.booleans()}))
        | st.integers(0, 2**62)
    )
    @example(("model", {True: 0.25, "a": math.nan, 2: None}))
    @example(("model", 2.5, {"interval": {"lower": -math.inf, "upper": 4.0, "level": 0.9}}))
    @example(("model", 2.5, {"explanation": {"contributions": {"a": math.nan}, "label": True}}))
    def test_come_back_as_they_were(self, answer: object) -> None:
        assert same(answered(answer), answer)

    @pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.code)
    def test_that_are_refusals_keep_their_kind(self, refusal: ChantillyError) -> None:
        back = answered(refusal)

        assert type(back) is type(refusal)
        assert (back.code, back.message, back.args) == (refusal.code, refusal.message, refusal.args)

    @given(messages)
    @example("\ud800" * 3_000)
    def test_that_are_refusals_keep_their_message(self, message: Any) -> None:
        refusal = errors.InvalidRequest(message)

        assert answered(refusal).message == refusal.message

    def test_of_an_unknown_model_keep_the_names_near_it(self) -> None:
        back = answered(ModelNotFound("hose", near=["house"]))

        assert isinstance(back, ModelNotFound)
        assert (back.name, list(back.near)) == ("hose", ["house"])

    def test_of_a_code_that_nobody_knows_here_keep_it(self) -> None:
        class Newer(ChantillyError):
            code = "newer"

        back = answered(Newer("Not yet."))

        assert (type(back), back.code, back.message) == (ChantillyError, "newer", "Not yet.")
        assert ChantillyError.code == "error"

    def test_that_no_client_can_be_sent_are_refused(self) -> None:
        back = answered(("model", {"\ud800": 1.0}))

        assert isinstance(back, ModelRaised)

    def test_that_were_not_foreseen_say_what_was_raised(self) -> None:
        back = answered(KeyError("row"))

        assert repr(back) == """RuntimeError("KeyError('row')")"""

    def test_that_pass_are_what_they_are_answered_as(self) -> None:
        back = answered(OSError(errno.EMFILE, "Too many open files"))

        assert isinstance(back, errors.StorageUnavailable)

    def test_of_nothing_that_can_be_sent_are_refused(self) -> None:
        with pytest.raises(TypeError, match="comes of no command"):
            codec.outcome_value(b"bytes of a model")

    def test_are_as_good_as_raised(self) -> None:
        with pytest.raises(NoFeatures, match="No features"):
            raise answered(NoFeatures())
