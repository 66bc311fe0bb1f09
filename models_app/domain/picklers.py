"""Picklers that go as deep as a model does, and write some of its sets in an order of their own."""

import io
import pickle
from collections.abc import Callable, Sequence
from types import CellType, FunctionType, MethodType
from typing import Any, TypeAlias

import dill

from models_app.domain.cuts import ATOMS, CONTAINERS, PROTOCOL, CutPlan, Opener, Parts, Reduction, Walk
from models_app.domain.piecewise import Pickler, Pieces, PlannedPickler, planned
from models_app.domain.set_orders import Memo, may_have_sets

Substitutes: TypeAlias = Sequence[tuple[Any, Reduction]]
# Finds, among what was written, what is to be made anew in another way.
Finder: TypeAlias = Callable[[Memo], Substitutes]


def pickle_at_once(value: Any, find: Finder) -> bytes:
    """Return the pickle of `value`, with what `find` returns made as it says.

    Raises `RecursionError` if it is too deep, and what the members raise that cannot be pickled.
    """
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, PROTOCOL)
    return _at_once(pickler, buffer, value, find, _pickle_pieces)


def dill_at_once(value: Any, find: Finder) -> bytes:
    """Like `pickle_at_once`, with what only dill takes: functions and classes of `__main__`, lambdas."""
    buffer = io.BytesIO()
    return _at_once(_dill_pickler(buffer), buffer, value, find, _dill_pieces)


def pickle_piecewise(value: Any, find: Finder = lambda _memo: ()) -> bytes:
    """Like `pickle_at_once`, to any depth. Raises what the members raise that cannot be pickled."""
    return _in_pieces(_pickle_pieces, value, Walk().plan(value), find)


def dill_piecewise(value: Any, find: Finder = lambda _memo: ()) -> bytes:
    """Like `dill_at_once`, to any depth."""
    leaves = dill.Pickler.dispatch.keys() - CONTAINERS - {tuple, frozenset}
    return _in_pieces(_dill_pieces, value, Walk(_LOOSE, leaves).plan(value), find)


def _at_once(
    pickler: Pickler, buffer: io.BytesIO, value: Any, find: Finder, pieces: Callable[[CutPlan], Pieces]
) -> bytes:
    pickler.dump(value)
    data = buffer.getvalue()
    if not may_have_sets(data):
        return data
    substitutes = find(pickler.memo.copy())
    return pieces(CutPlan()).write(value, CutPlan(), substitutes) if substitutes else data


def _in_pieces(pieces: Callable[[CutPlan], Pieces], value: Any, plan: CutPlan, find: Finder) -> bytes:
    first = pieces(plan)
    data = first.write(value, plan)
    substitutes = find(first.pickler.memo.copy()) if may_have_sets(data) else ()
    return pieces(plan).write(value, plan, substitutes) if substitutes else data


def _pickle_pieces(plan: CutPlan) -> Pieces:
    reductions, buffer = dict(plan.reductions), io.BytesIO()
    return Pieces(PlannedPickler(buffer, reductions), buffer, reductions)


def _dill_pieces(plan: CutPlan) -> Pieces:
    reductions, buffer = dict(plan.reductions), io.BytesIO()
    pickler = _dill_pickler(buffer)
    # Not in a subclass: dill writes differently for those.
    pickler.reducer_override = lambda member: planned(reductions, member)
    return Pieces(pickler, buffer, reductions)


def _dill_pickler(buffer: io.BytesIO) -> Any:
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
