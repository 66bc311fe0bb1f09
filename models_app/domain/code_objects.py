"""Code objects in pickles: do they fit this version of Python?

`dill` and `cloudpickle` write functions down as code objects. Another minor version of Python numbers its
instructions otherwise, and puts other numbers of cache entries behind them: what was made under one and runs
under another fails in odd ways, ends the process, or computes something else. Nothing in a code object says
which version has made it, but its instructions do.
"""

import functools
import opcode
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Version = tuple[int, int]
HERE: Version = sys.version_info[:2]

# The words that a code object of Python 3.11 or later is made of, in the order of `types.CodeType`.
_FIELDS = 18
_CODE, _CONSTS, _NAMES, _VARNAMES = 6, 7, 8, 9
_NAME, _FREEVARS, _CELLVARS = 11, 16, 17
_N_LOCALS, _ARGUMENTS = 3, slice(0, 3)


class ForeignCode(Exception):
    """The code does not fit this version of Python; `versions` are those that it fits, as far as known."""

    def __init__(self, name: str, versions: Sequence[Version]) -> None:
        super().__init__(name, versions)
        self.name = name
        self.versions = tuple(versions)


@dataclass(frozen=True, slots=True)
class Instructions:
    """The bytecode of a version of Python: the cache entries of each instruction, and how a function begins.

    `limits` are, by instruction, the kind of table that its argument is an index of, and by how many bits it
    is shifted; `jumps` has the direction of those that jump, `ends` those that nothing follows. These are of
    the version that runs alone.
    """

    caches: Mapping[int, int]
    resume: int
    prologue: frozenset[int]
    extended_arg: int
    limits: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    jumps: Mapping[int, int] = field(default_factory=dict)
    ends: frozenset[int] = frozenset()


def check(args: Sequence[object]) -> None:
    """Raise `ForeignCode` unless code that is made of these words, as by `types.CodeType`, fits here.

    A code object that two versions write alike fits both.
    """
    name = str(args[_NAME]) if len(args) > _NAME else "?"
    if len(args) != _FIELDS:
        # Those of 3.10 and before have neither a qualified name nor a table of exceptions.
        raise ForeignCode(name, ())
    if not _is_consistent(args) or not _fits(here(), args):
        found = [version for version in KNOWN if version != HERE and _fits(KNOWN[version], args)]
        raise ForeignCode(name, found)


def _is_consistent(args: Sequence[object]) -> bool:
    counts = args[:_CODE]
    tables = (args[_CONSTS], args[_NAMES], args[_VARNAMES], args[_FREEVARS], args[_CELLVARS])
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        return False
    if not isinstance(args[_CODE], bytes) or not all(isinstance(table, tuple) for table in tables):
        return False
    n_arguments = sum(counts[_ARGUMENTS]) - counts[1]  # type: ignore[arg-type, operator]  # all are integers
    n_locals = len(args[_VARNAMES])  # type: ignore[arg-type]  # a tuple
    return bool(args[_CODE]) and counts[_N_LOCALS] == n_locals and n_arguments <= n_locals


def _fits(known: Instructions, args: Sequence[object]) -> bool:
    code = args[_CODE]
    if not isinstance(code, bytes) or len(code) % 2:
        return False
    found = list(_walk(known, code))
    if not found or found[-1] is None or not _begins(known, found):
        return False
    sizes = _sizes(args)
    if known.ends and found[-1].op not in known.ends:
        return False
    starts = {one.start for one in found if one is not None}
    return all(one is not None and _is_sound(known, one, sizes, starts) for one in found)


@dataclass(frozen=True, slots=True)
class _Instruction:
    start: int
    end: int
    op: int
    arg: int


def _walk(known: Instructions, code: bytes) -> Iterator[_Instruction | None]:
    """Yield the instructions, and None where there is none."""
    offset = start = arg = 0
    while offset < len(code):
        op, arg = code[offset], arg << 8 | code[offset + 1]
        n_caches = known.caches.get(op)
        end = offset + 2 + 2 * (n_caches or 0)
        if n_caches is None or any(code[offset + 2 : end]) or end > len(code):
            yield None
            return
        if op == known.extended_arg:
            offset = end
            continue
        yield _Instruction(start, end, op, arg)
        offset = start = end
        arg = 0


def _begins(known: Instructions, found: Sequence[_Instruction | None]) -> bool:
    for one in found:
        if one is None or one.op not in known.prologue:
            return False
        if one.op == known.resume:
            return True
    return False


def _sizes(args: Sequence[object]) -> dict[str, int]:
    lengths = [len(args[place]) for place in (_CONSTS, _NAMES, _VARNAMES, _FREEVARS, _CELLVARS)]  # type: ignore[arg-type]
    consts, names, varnames, freevars, cellvars = lengths
    return {"consts": consts, "names": names, "locals": varnames + freevars + cellvars}


def _is_sound(known: Instructions, one: _Instruction, sizes: Mapping[str, int], starts: set[int]) -> bool:
    """Say whether the argument is an index into its table, or leads to an instruction."""
    table, shift = known.limits.get(one.op, ("", 0))
    if table and one.arg >> shift >= sizes[table]:
        return False
    direction = known.jumps.get(one.op, 0)
    return not direction or one.end + 2 * direction * one.arg in starts


@functools.cache
def here() -> Instructions:
    """Return the instructions of the Python that runs."""
    numbers = {
        name: op
        for name, op in opcode.opmap.items()
        if op < 256 and name not in _NOT_COMPILED and not name.startswith("INSTRUMENTED_")
    }
    return Instructions(
        caches={op: _n_caches(name, op) for name, op in numbers.items()},
        resume=numbers["RESUME"],
        prologue=frozenset(numbers[name] for name in _PROLOGUE),
        extended_arg=numbers["EXTENDED_ARG"],
        limits={op: limit for name, op in numbers.items() if (limit := _limit(name, op))},
        ends=frozenset(numbers[name] for name in _ENDS if name in numbers),
        jumps={op: -1 if "BACKWARD" in name else 1 for name, op in numbers.items() if op in opcode.hasjrel},
    )


def _n_caches(name: str, op: int) -> int:
    entries = opcode._inline_cache_entries  # type: ignore[attr-defined]  # private, and all that knows
    # A list by number up to 3.12, a dictionary by name since.
    return int(entries.get(name, 0) if isinstance(entries, dict) else entries[op])


def _limit(name: str, op: int) -> tuple[str, int] | None:
    if op in opcode.hasconst:
        return "consts", 0
    if op in opcode.hasname:
        shifts = {"LOAD_GLOBAL": 1, "LOAD_ATTR": int(HERE >= (3, 12)), "LOAD_SUPER_ATTR": 2}
        return "names", shifts.get(name, 0)
    # Two locals in one instruction are packed into one argument.
    if op in opcode.hasfree or (op in opcode.haslocal and name.count("FAST") == 1):
        return "locals", 0
    return None


# The interpreter's own: no code object has them, as it is written down.
_NOT_COMPILED = frozenset({"CACHE", "RESERVED", "INTERPRETER_EXIT", "ENTER_EXECUTOR"})
_ENDS = (
    "RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_FORWARD",
)  # fmt: skip
_PROLOGUE = ("COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR", "POP_TOP", "RESUME", "EXTENDED_ARG")


def _known(caches: Mapping[int, str], resume: int, extended_arg: int, *others: int) -> Instructions:
    by_op = {op: n for n, ranges in caches.items() for op in _numbers(ranges)}
    return Instructions(by_op, resume, frozenset({resume, *others}), extended_arg)


def _numbers(ranges: str) -> Iterator[int]:
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


#: The instructions of the versions that people have, to name the one that a code object was made under.
KNOWN: dict[Version, Instructions] = {
    (3, 11): _known(
        {
            0: "1-2 9-12 15 30-33 35-37 49-54 61 68-71 74-75 82-91 93-94 96-105 108-112 114-115 117-120 "
            "123-126 128-140 142 144-149 151-152 155-157 162-165 172-176",
            1: "60 92 122 166",
            2: "107",
            4: "25 95 106 171",
            5: "116",
            10: "160",
        },
        151, 144, 149, 135, 75, 1,
    ),
    (3, 12): _known(
        {
            0: "1-2 4-5 9 11-12 15 26-27 30-33 35-37 49-55 61 68-69 71 74-75 83 85 87 89-91 94 96-105 "
            "108-110 114-115 117-121 124-140 142-147 149-152 155-157 162-165 172-176",
            1: "25 60 92-93 107 122-123 141",
            3: "171",
            4: "95 116",
            9: "106",
        },
        151, 144, 149, 135, 75, 1,
    ),
    (3, 13): _known(
        {
            0: "1-2 4 6-16 18-21 23-38 41-44 46-52 54-57 60-69 71 73-76 78-81 83-90 92 94-96 101-103 105-107 "
            "109-116 118 149",
            1: "5 39 45 58-59 72 77 93 97-100 104 117",
            3: "40 53",
            4: "91 108",
            9: "82",
        },
        149, 71, 62, 94, 35, 32,
    ),
}  # fmt: skip
