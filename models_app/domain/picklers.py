"""Picklers that go as deep as a model does, and write some of its sets in an order of their own."""

import io
from collections.abc import Iterable
from types import CellType, FunctionType, MethodType
from typing import Any

import dill

from models_app.domain.cuts import ATOMS, CONTAINERS, PROTOCOL, Opener, Parts, Plan, Reduction, Walk
from models_app.domain.piecewise import Pieces, PlannedPickler, planned


def pickle_piecewise(
    value: Any, *, substitutes: Iterable[tuple[Any, Reduction]] = (), deep: bool = True
) -> bytes:
    """Return the pickle of `value`, to any depth if it is `deep`.

    `substitutes` are members and how they are made anew instead of as they would be. Raises what the members
    raise that cannot be pickled.
    """
    plan = Walk().plan(value) if deep else Plan()
    reductions = dict(plan.reductions)
    buffer = io.BytesIO()
    pieces = Pieces(PlannedPickler(buffer, reductions), buffer, reductions)
    for member, reduction in substitutes:
        pieces.substitute(member, reduction)
    return pieces.write(value, plan)


def dill_piecewise(
    value: Any, *, substitutes: Iterable[tuple[Any, Reduction]] = (), deep: bool = True
) -> bytes:
    """Like `pickle_piecewise`, with what only dill takes: functions and classes of `__main__`, lambdas."""
    leaves = dill.Pickler.dispatch.keys() - CONTAINERS - {tuple, frozenset}
    plan = Walk(_LOOSE, leaves).plan(value) if deep else Plan()
    reductions = dict(plan.reductions)
    buffer = io.BytesIO()
    pickler = dill_pickler(buffer)
    # Not in a subclass: dill writes differently for those.
    pickler.reducer_override = lambda member: planned(reductions, member)
    pieces = Pieces(pickler, buffer, reductions)
    for member, reduction in substitutes:
        pieces.substitute(member, reduction)
    return pieces.write(value, plan)


def dill_pickler(buffer: io.BytesIO) -> Any:
    """Return dill's pickler, which writes to `buffer`."""
    # `recurse` takes along the globals that a function uses, not all of its module's.
    return dill.Pickler(buffer, protocol=PROTOCOL, recurse=True)


def _open_function(function: FunctionType) -> Parts:
    if dill._dill._locate_function(function):
        return [], None
    parts = [*(function.__closure__ or ()), *(function.__defaults__ or ())]
    parts += (function.__kwdefaults__ or {}).values()
    parts += dill.detect.globalvars(function, recurse=True, builtin=True).values()
    return _worth_a_visit(parts), None


def _open_method(method: MethodType) -> Parts:
    return [method.__func__, method.__self__], None


def _open_cell(cell: CellType) -> Parts:
    try:
        return _worth_a_visit([cell.cell_contents]), None
    except ValueError:
        # Nothing is in it yet.
        return [], None


def _worth_a_visit(parts: list[Any]) -> list[Any]:
    return [part for part in parts if type(part) not in ATOMS]


_LOOSE: dict[type, Opener] = {FunctionType: _open_function, MethodType: _open_method, CellType: _open_cell}
