"""Requests for paradigms that are asked with more than features."""

from typing import cast

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models_app.domain import features, learns
from models_app.domain.errors import InvalidRequest
from models_app.domain.features import Features
from models_app.engine.commands import LearnFeatures, Predict
from models_app.engine.ports import Pending
from models_app.paradigms.base import AT, FEATURES, Members, Paradigm
from models_app.paradigms.registry import get_flavor
from models_app.paradigms.timed import Timed

_PLAIN = b'{"features":%s}'


class _Beside(msgspec.Struct, gc=False):
    """Features and their moment, as they came."""

    features: Raw
    t: Raw | UnsetType = UNSET


def take(command: Predict | LearnFeatures, flavor: Paradigm) -> None:
    """Have a command ask as the paradigm is asked; raises `InvalidRequest` where it cannot be asked so.

    A paradigm that takes more members than features gets an object of them, even where only features came.
    Any other gets the features, and their moment with them where there is one.
    """
    asked: object = command.x
    if type(asked) is Timed:
        _begin_anew(command, asked)
    if not (flavor.takes or command.has_members or flavor.clock):
        return
    if flavor.takes and not command.has_members:
        command.x = {FEATURES: command.x}
        command.text = _PLAIN % command.text
        command.has_members = True
    members = cast("Members", command.x) if command.has_members else {FEATURES: command.x}
    flavor.check_members(members, learns=isinstance(command, LearnFeatures))
    _check_kept(command, members, flavor)
    if command.has_members and not flavor.takes and FEATURES in members:
        _keep_beside(command, members)


def _begin_anew(command: Predict | LearnFeatures, asked: Timed) -> None:
    """Undo what was made of a command by a turn that is taken again."""
    command.x, command.text = {FEATURES: asked.x, AT: asked.t}, features.as_asked(command.text)
    command.has_members = True


def _check_kept(command: Predict | LearnFeatures, members: Members, flavor: Paradigm) -> None:
    """Raise `InvalidRequest` where what is kept under an id is not enough to learn from."""
    is_kept = isinstance(command, Predict) and command.prediction_id is not None and flavor.keeps_recorded
    if is_kept and flavor.clock and flavor.clock.is_needed and AT not in members and not flavor.is_read_only:
        raise InvalidRequest({AT: ["required field with an id: it is kept, and learned with the features"]})


def _keep_beside(command: Predict | LearnFeatures, members: Members) -> None:
    """Ask with the features alone, and their moment.

    The members are the request's, or those for a model that was replaced by one of another flavor before its
    turn had ended.
    """
    beside = msgspec.json.decode(command.text, type=_Beside)
    command.x, command.text = cast("Features", members[FEATURES]), bytes(beside.features)
    command.has_members = False
    if beside.t is not UNSET:
        command.x = cast("Features", Timed(command.x, members[AT]))
        command.text = features.with_moment(command.text, bytes(beside.t))


def text_for(flavor: Paradigm, pending: Pending) -> str:
    """Return what another model was asked with, as JSON text, in the way that models of `flavor` are asked.

    Raises `InvalidRequest` where they cannot be asked so.
    """
    theirs = get_flavor(pending.flavor)
    x, t = features.decode_with_moment(pending.features)
    if not (theirs.takes or flavor.takes or flavor.clock or t is not None):
        return pending.features
    asked = theirs.taught(x, learns.decode_prediction(pending.prediction))
    members: Members = dict(cast("Members", asked)) if theirs.takes else {FEATURES: asked}
    if t is not None:
        members[AT] = t
    if flavor.clock is None:
        # The other model went by time.
        members.pop(AT, None)
    flavor.check_members(members, learns=True)
    text = msgspec.json.encode(members if flavor.takes else members[FEATURES])
    if AT in members and not flavor.takes:
        text = features.with_moment(text, msgspec.json.encode(members[AT]))
    return text.decode()
