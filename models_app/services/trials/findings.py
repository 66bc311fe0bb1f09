"""What a trial has answered, read as what clients send: an upload may have had its hands in it."""

import signal
from typing import Any

from models_app.domain import drawings
from models_app.domain.errors import (
    ChantillyError,
    InvalidSpec,
    ModelNotAllowed,
    ModelNotReadable,
    ModelNotSuitable,
)
from models_app.domain.remarks import Remark
from models_app.domain.specs import describing
from models_app.paradigms.trials import TrialResult

_REFUSALS: dict[str, type[ChantillyError]] = {
    kind.code: kind for kind in (InvalidSpec, ModelNotAllowed, ModelNotReadable, ModelNotSuitable)
}


def finding(answer: dict[str, Any]) -> TrialResult:
    """Return what a trial has found."""
    remarks = answer.get("remarks")
    sent = remarks if isinstance(remarks, list) else []
    return TrialResult(
        str(answer.get("predict_method", "")),
        tuple(Remark(code=str(one["code"]), message=str(one["message"])) for one in sent),
        str(answer.get("flavor", "")),
        answer.get("gives_intervals") is True,
        describing.received(answer.get("specification")),
        drawings.received(answer.get("drawing")),
    )


def refusal(answer: dict[str, Any]) -> ChantillyError:
    """Return why a trial refuses the upload."""
    kind = _REFUSALS.get(str(answer["refused"]), ModelNotSuitable)
    message = answer.get("message")
    if kind is not InvalidSpec:
        return kind(str(message))
    faults = message if isinstance(message, dict) else {}
    return InvalidSpec({place: list(map(str, reasons)) for place, reasons in faults.items()})


def ending(code: int) -> str:
    """Say how a process has ended.

    >>> ending(-11), ending(3)
    ('signal SIGSEGV', 'exit code 3')
    """
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
