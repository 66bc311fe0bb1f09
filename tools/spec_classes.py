"""Write the classes of the installed River that a specification may name, with their parameters.

`python tools/spec_classes.py` writes `models_app/domain/specs/allowed.json` anew; a test holds it to the
River that is installed. Look at what changed before it is committed: whatever is in it, a client can make.
"""

import inspect
import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import river.api

PLACE = Path(__file__).parents[1] / "models_app" / "domain" / "specs" / "allowed.json"

# What reads files or the network, what is of other libraries, and what no model is made of.
_PACKAGES_LEFT_OUT = frozenset({"base", "checks", "compat", "datasets", "envs", "evaluate", "stream"})
_LEFT_OUT = frozenset(
    {
        # Have forms of their own.
        "compose.Pipeline",
        "compose.TransformerProduct",
        "compose.TransformerUnion",
        # A value, not a part of a model.
        "conf.Interval",
        # Wants a newer Python.
        "misc.ZstdClassifier",
        # Bases of others, though they can be made.
        "optim.Optimizer",
        "utils.SortedWindow",
        "utils.VectorDict",
    }
)
# They would be printed with: by the server, to its own standard output or into a file.
_PARAMETERS_LEFT_OUT = frozenset({"print_kwargs", "verbose"})
# Whose parameters `**kwargs` are: of the class that another parameter names, or of this one.
_KWARGS = {
    "cluster.CluStream": "cluster.KMeans",
    "cluster.STREAMKMeans": "cluster.KMeans",
    "utils.Rolling": "cls",
    "utils.TimeRolling": "cls",
}


def found() -> dict[str, Any]:
    """Return what the file has to say of the installed River."""
    classes = {
        path: _described(path, kind)
        for package in _packages()
        for path, kind in _members(package)
        if path not in _LEFT_OUT
    }
    return {"river": version("river"), "classes": dict(sorted(classes.items()))}


def text() -> str:
    """Return the file, a class a line."""
    content = found()
    lines = ",\n".join(f"  {json.dumps(path)}: {json.dumps(of)}" for path, of in content["classes"].items())
    return f'{{"river": {json.dumps(content["river"])}, "classes": {{\n{lines}\n}}}}\n'


def _packages() -> Iterator[ModuleType]:
    waiting = [module for _, module in inspect.getmembers(river.api, inspect.ismodule)]
    while waiting:
        package = waiting.pop()
        if _PACKAGES_LEFT_OUT & set(package.__name__.split(".")):
            continue
        yield package
        members = (getattr(package, name, None) for name in getattr(package, "__all__", ()))
        waiting += [member for member in members if inspect.ismodule(member)]


def _members(package: ModuleType) -> Iterator[tuple[str, type[Any]]]:
    for name in getattr(package, "__all__", ()):
        member = getattr(package, name, None)
        if inspect.isclass(member) and not inspect.isabstract(member):
            yield f"{package.__name__.removeprefix('river.')}.{name}", member


def _described(path: str, kind: type[Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"params": {}}
    own_init = kind.__init__ is not object.__init__
    for name, parameter in inspect.signature(kind).parameters.items() if own_init else ():
        if name in _PARAMETERS_LEFT_OUT:
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            described["many"] = name
        elif parameter.kind is parameter.VAR_KEYWORD:
            described["others"] = _KWARGS[path]
        else:
            described["params"][name] = _parameter(parameter)
    return described


def _parameter(parameter: inspect.Parameter) -> dict[str, Any]:
    if parameter.default is parameter.empty:
        return {}
    default = parameter.default
    described: dict[str, Any] = {}
    if isinstance(default, str | int | float | None):
        described["default"] = default
    elif isinstance(default, tuple):
        described["default"] = {"tuple": list(default)}
    else:
        described["default"] = {"type": default.__name__}
    kind = _kind(parameter)
    return {**described, "kind": kind} if kind else described


def _kind(parameter: inspect.Parameter) -> str | None:
    """Return what the values are; None: more than one thing."""
    annotation = "" if parameter.annotation is parameter.empty else str(parameter.annotation)
    default = parameter.default
    if isinstance(default, bool):
        return "flag" if annotation in ("", "bool") and parameter.name != "pos_val" else None
    if isinstance(default, int | float):
        return None if "str" in annotation else "number"
    return None


if __name__ == "__main__":
    PLACE.write_text(text())
    sys.stdout.write(f"{PLACE}: {len(found()['classes'])} classes\n")
