"""Dill's search for the names that a function looks up, for several threads.

Dill reads them off what `dis` prints, for which it puts another file in the place of `sys.stdout`: two models
that are pickled at the same time read each other's, and one of them comes without its functions. Here the
instructions are walked.
"""

import dis
from types import CodeType

import dill.detect


def nested_globals(function: object, recurse: bool = True) -> list[str]:
    """Return the names that a function, or code, and the code within it look up; see `dill.detect`.

    >>> nested_globals(lambda x: [len(item) for item in sorted(x)])
    ['len', 'sorted']
    """
    code = dill.detect.code(function)
    names: set[str] = set()
    waiting = [code] if isinstance(code, CodeType) else []
    while waiting:
        each = waiting.pop()
        names.update(step.argval for step in dis.get_instructions(each) if "_GLOBAL" in step.opname)
        if recurse:
            waiting += [constant for constant in each.co_consts if isinstance(constant, CodeType)]
    return sorted(names)


def install() -> None:
    """Have dill search so, in all of the process."""
    dill.detect.nestedglobals = nested_globals
