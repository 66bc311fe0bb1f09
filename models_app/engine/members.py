"""Requests for paradigms that are asked with more than features."""

from typing import cast

import msgspec

from models_app.domain import features, learns
from models_app.engine.commands import LearnFeatures, Predict
from models_app.engine.ports import Pending
from models_app.paradigms.base import FEATURES, Members, Paradigm
from models_app.paradigms.registry import get_flavor

_PLAIN = b'{"features":%s}'


def take(command: Predict | LearnFeatures, flavor: Paradigm) -> None:
    """Have a command ask as the paradigm is asked; raises `InvalidRequest` where it cannot be asked so.

    A paradigm that takes more members than features gets an object of them, even where only features came.
    """
    if not (flavor.takes or command.has_members):
        return
    if not command.has_members:
        command.x = {FEATURES: command.x}
        command.text = _PLAIN % command.text
        command.has_members = True
    members = cast("Members", command.x)
    flavor.check_members(members, learns=isinstance(command, LearnFeatures))


def text_for(flavor: Paradigm, pending: Pending) -> str:
    """Return what another model was asked with, as JSON text, in the way that models of `flavor` are asked.

    Raises `InvalidRequest` where they cannot be asked so.
    """
    theirs = get_flavor(pending.flavor)
    if not (theirs.takes or flavor.takes):
        return pending.features
    asked = theirs.taught(features.decode(pending.features), learns.decode_prediction(pending.prediction))
    members = cast("Members", asked) if theirs.takes else {FEATURES: asked}
    flavor.check_members(members, learns=True)
    return msgspec.json.encode(members if flavor.takes else members[FEATURES]).decode()
