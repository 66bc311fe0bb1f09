"""An unpickler that takes River's objects and nothing else.

It is Python's own in Python, which can be asked before each step: what a pickle names must be on the list,
what it calls needs a rule, what it fills must be an object of River's and may hide none of its methods.
Instructions that pickles of River's objects do not have are refused. It takes some nine times as long as the
one in C, which reads the same bytes when the model is served: what instructions are left mean the same to
both.
"""

import io
import pickle
from collections import deque
from typing import Any

from models_app.domain.listed.calls import called
from models_app.domain.listed.names import Name, NotAllowed, found, listed
from models_app.domain.listed.states import fill

#: What the picklers write of River's objects, by the names that `pickle` has for it.
OPCODES = (
    "PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1",
    "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES",
    "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3",
    "EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS", "EMPTY_SET", "ADDITEMS",
    "FROZENSET", "BINGET", "LONG_BINGET", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GLOBAL", "STACK_GLOBAL",
    "REDUCE", "NEWOBJ", "BUILD",
)  # fmt: skip
#: Beside River's, of what objects are made without being called.
_MADE = frozenset({("statistics", "NormalDist")})
_Base: Any = pickle._Unpickler


def loads(data: bytes) -> Any:
    """Return the object that was pickled.

    Raises `NotAllowed` for what is not River's, and what the bytes raise that are no pickle, or a broken one.
    """
    return _Unpickler(data).load()


class _Unpickler(_Base):  # type: ignore[misc]  # it has no types
    """See the module."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._size = len(data)
        self._names: dict[int, Name] = {}

    def find_class(self, module: str, name: str) -> Any:
        known, value = found(module, name)
        # The list keeps them alive: an id is that of no other.
        self._names[id(value)] = known
        return value

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack[-1]
        name = self._names.get(id(function))
        if name is None or type(arguments) is not tuple:
            raise NotAllowed(f"to call a '{type(function).__module__}.{type(function).__qualname__}'")
        self.stack[-1] = called(name, function, arguments)

    def load_newobj(self) -> None:
        arguments = self.stack.pop()
        kind = self.stack[-1]
        name = (
            (kind.__module__, kind.__qualname__) if isinstance(kind, type) else ("", type(kind).__qualname__)
        )
        if not (name in listed().classes or name in _MADE) or type(arguments) is not tuple:
            raise NotAllowed(f"to make a '{'.'.join(name)}'")
        self.stack[-1] = kind.__new__(kind, *arguments)

    def load_build(self) -> None:
        state = self.stack.pop()
        fill(self.stack[-1], state)

    def load_append(self) -> None:
        self._check_filled(self.stack[-2], list, deque)
        super().load_append()

    def load_appends(self) -> None:
        self._check_filled(self.metastack[-1][-1], list, deque)
        super().load_appends()

    def load_setitem(self) -> None:
        self._check_filled(self.stack[-3], dict)
        super().load_setitem()

    def load_setitems(self) -> None:
        self._check_filled(self.metastack[-1][-1], dict)
        super().load_setitems()

    def load_additems(self) -> None:
        self._check_filled(self.metastack[-1][-1], set)
        super().load_additems()

    def _check_filled(self, container: Any, *kinds: type) -> None:
        if not isinstance(container, kinds):
            raise NotAllowed(f"to put something into a '{type(container).__qualname__}'")

    def load_binput(self) -> None:
        self._put(self.read(1)[0])

    def load_long_binput(self) -> None:
        self._put(int.from_bytes(self.read(4), "little"))

    def _put(self, place: int) -> None:
        # The unpickler in C reserves all places up to it.
        if place > len(self.memo):
            raise NotAllowed("a memo with gaps")
        self.memo[place] = self.stack[-1]

    def load_bytearray8(self) -> None:
        size = int.from_bytes(self.read(8), "little")
        # It would be reserved before it is read.
        if size > self._size:
            raise pickle.UnpicklingError("pickle data was truncated")
        self.append(bytearray(self.read(size)))


def _refuse(code: int) -> Any:
    def refuse(_self: _Unpickler) -> None:
        raise NotAllowed(f"the instruction {_OPCODE_NAMES.get(code, f'0x{code:02x}')} of pickles")

    return refuse


_OPCODE_NAMES = {
    value[0]: name
    for name, value in vars(pickle).items()
    if name.isupper() and type(value) is bytes and len(value) == 1
}
_Unpickler.dispatch = {code: _refuse(code) for code in range(256)} | {
    getattr(pickle, name)[0]: getattr(_Unpickler, _Base.dispatch[getattr(pickle, name)[0]].__name__)
    for name in OPCODES
}
