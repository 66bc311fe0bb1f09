"""Exceptions of a model: anything at all, and nothing that may end more than its own request.

Statistics in Rust panic with a `BaseException`; a model may call `sys.exit`, be cancelled, or raise what
cannot even say what it is.
"""

import threading


def described(error: BaseException) -> str:
    r"""Return `repr` of an exception, as text that can be sent; of one whose `repr` fails, its class.

    >>> described(ValueError("too large")), described(KeyError("\ud800"))
    ("ValueError('too large')", "KeyError('\\ud800')")
    """
    try:
        return str(repr(error)).encode("utf-8", "backslashreplace").decode()
    except BaseException as failure:
        pass_on_interrupt(failure)
        return f"{type(error).__name__}()"


def named(error: BaseException) -> str:
    """Return the class of an exception, whose own words are not for everybody.

    >>> named(KeyError("ann"))
    'KeyError (its text is not shown)'
    """
    return f"{type(error).__name__} (its text is not shown)"


def pass_on_interrupt(error: BaseException) -> None:
    """Raise a Ctrl-C again: in the main thread it is from whoever runs the command, not from the model."""
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise error
