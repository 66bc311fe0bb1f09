"""Models that another version of River has pickled: some load, and fail at their first use."""

import re
from importlib.metadata import version

# What this version has, or has no more, and since when; a pickle says nothing of the version itself.
_SIGNS: tuple[tuple[str, str], ...] = (
    ("VectorDict", "0.24 or older"),
    ("adwin_c", "0.24 or older"),
    ("HSTBranch", "0.24 or older"),
    ("_plan", "0.24 or older"),
    ("_inference_transformers", "0.24 or older"),
    ("_last_step_params", "0.25"),
    ("__dict__", "0.25 or older"),
)
_IN_RIVER = re.compile(r"river\.|No module named 'river")


def hint(error: BaseException) -> str | None:
    """Return which River made the model, as far as its failure shows, and what to do; None: it shows nothing.

    >>> hint(ModuleNotFoundError("No module named 'river.drift.adwin_c'"))  # doctest: +ELLIPSIS
    "it was made under River 0.24 or older; make it anew under the server's River 0.26..."
    >>> hint(ValueError("no"))
    """
    if not isinstance(error, AttributeError | ImportError) or not _is_rivers(error):
        return None
    text = str(error)
    made = next((f"River {when}" for sign, when in _SIGNS if sign in text), "another version of River")
    return f"it was made under {made}; make it anew under the server's River {version('river')}"


def _is_rivers(error: AttributeError | ImportError) -> bool:
    if _IN_RIVER.search(str(error)):
        return True
    if not isinstance(error, AttributeError):
        return False
    # A private attribute that its class always sets.
    kind = error.obj if isinstance(error.obj, type) else type(error.obj)
    return kind.__module__.startswith("river.") and str(error.name).startswith("_")
