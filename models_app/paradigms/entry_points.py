"""Paradigms of other packages: whoever installs one beside the server has its flavor served."""

from collections.abc import Collection, Iterable
from importlib import metadata

from models_app.paradigms.base import Paradigm

#: Entry points of this group name objects of `Paradigm`, by their flavors.
GROUP = "chantilly.paradigms"
#: Names that say something else where a flavor is expected.
_RESERVED = frozenset({"auto"})
_MAX_LENGTH = 32
#: What a paradigm must have that `Paradigm` does not give it.
_NEEDED = ("name", "predict_method", "normalize", "wanted", "trial_truths", "example_truth")


def load(taken: Collection[str]) -> tuple[list[Paradigm], list[str]]:
    """Return the paradigms of the packages that are installed, in the order of their names.

    `taken` are the flavors that there are. Those that cannot be used are left out: for each, a line says why.
    """
    return load_all(sorted(metadata.entry_points(group=GROUP), key=lambda found: found.name), taken)


def load_all(
    entry_points: Iterable[metadata.EntryPoint], taken: Collection[str]
) -> tuple[list[Paradigm], list[str]]:
    """Return what entry points lead to that can be used, and why others cannot."""
    paradigms: list[Paradigm] = []
    problems: list[str] = []
    for entry_point in entry_points:
        try:
            paradigm = entry_point.load()
        # It is the code of others: whatever it raises, the flavors that there are go on being served.
        except BaseException as error:
            reason = f"it raises {type(error).__name__}: {error}"
        else:
            reason = _unusable(paradigm, [*taken, *(one.name for one in paradigms)])
            if not reason:
                paradigms.append(paradigm)
                continue
        text = " ".join(f"{entry_point.name} = {entry_point.value}: {reason}".split())
        problems.append(f"The entry point of {GROUP} is left out: {text}")
    return paradigms, problems


def _unusable(paradigm: object, taken: Collection[str]) -> str:
    """Return why an object cannot be a flavor's paradigm; empty: it can."""
    if not isinstance(paradigm, Paradigm):
        return "it leads to no object of models_app.paradigms.base.Paradigm"
    missing = [name for name in _NEEDED if not hasattr(paradigm, name)]
    if missing:
        return f"its paradigm has no {' and no '.join(missing)}"
    name: object = paradigm.name
    if not isinstance(name, str) or not name.isidentifier() or name in _RESERVED or len(name) > _MAX_LENGTH:
        return f"a flavor cannot be called {name!r}: take 1 to {_MAX_LENGTH} letters, digits and underscores"
    return f"there is a flavor '{name}' already" if name in taken else ""
