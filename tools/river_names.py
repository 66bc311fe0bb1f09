"""The names that pickles of River's objects may have: `python tools/river_names.py` writes the list anew.

It goes over the River that is installed: all classes of its packages that models are made of, and what else
the pickles name of objects of every public class, new ones under each protocol and such as have learned.
"""

import contextlib
import importlib
import inspect
import io
import pickle
import pkgutil
import sys
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import BuiltinMethodType, MethodType
from typing import Any, ClassVar

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "models_app" / "domain" / "listed" / "river_names.txt"
#: Of these nothing is part of a model: they read files, draw, or test.
NO_MODELS = ("checks", "datasets", "evaluate", "stream", "test")
PROTOCOLS = (2, 3, 4, 5)
#: A class takes one of these, by a parameter.
ALIKE = (
    "_leveraging_",
    "_test_",
    "_calc_tau_",
    "_detection_mode_",
    "_average_",
    "_fixed_trigger",
    "_random_trigger",
)
_N_LEARNS = 100

HEAD = """\
# Written by tools/river_names.py; the names are those of River {version}.
# class MODULE NAME: may be made, and may be a value. function MODULE NAME: may be a value.
# call MODULE NAME: may be called. method MODULE CLASS NAME: may be taken from the class or an object of it.
# partial MODULE NAME: may be given arguments by functools.partial.
"""

Line = tuple[str, ...]


# The one in Python, which can be watched.
_Base: Any = pickle._Unpickler


class Recorder(_Base):  # type: ignore[misc]  # it has no types
    """Unpickles, and keeps what is done with the names that it finds."""

    dispatch: ClassVar[dict[int, Any]] = dict(_Base.dispatch)

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.lines: set[Line] = set()

    def find_class(self, module: str, name: str) -> Any:
        """Find it, and keep its name."""
        found: Any = super().find_class(module, name)
        if not inspect.isclass(found) and not hasattr(found, "__self__") and "." not in name:
            self.lines.add(("function", module, name))
        elif "." in name:
            owner, _, attribute = name.rpartition(".")
            self.lines.add(("method", module, owner, attribute))
        elif inspect.isbuiltin(found):
            self.lines.add(("function", module, name))
        return found

    def load_reduce(self) -> None:
        """Keep what is called."""
        called, arguments = self.stack[-2], self.stack[-1]
        if called is getattr:
            owner, name = arguments
            kind = owner if inspect.isclass(owner) else type(owner)
            self.lines.add(("method", kind.__module__, kind.__qualname__, name))
        elif called is partial:
            if not _is_rivers_class(arguments[0]):
                self.lines.add(("partial", *_name_of(arguments[0])))
        else:
            self.lines.add(("call", called.__module__, called.__qualname__))
        super().load_reduce()

    dispatch[pickle.REDUCE[0]] = load_reduce


def _is_rivers_class(called: Any) -> bool:
    kind = called if inspect.isclass(called) else type(called)
    return kind.__module__.startswith("river.")


def _name_of(called: Any) -> Line:
    if isinstance(called, MethodType | BuiltinMethodType) and not inspect.ismodule(called.__self__):
        kind = called.__self__ if inspect.isclass(called.__self__) else type(called.__self__)
        return kind.__module__, f"{kind.__qualname__}.{called.__name__}"
    named = called if hasattr(called, "__qualname__") else type(called)
    return named.__module__, named.__qualname__


def classes() -> Iterator[type[Any]]:
    """Yield all classes of River's packages that models are made of."""
    import river

    for module in pkgutil.walk_packages(river.__path__, "river."):
        package = module.name.split(".")[1]
        if package in NO_MODELS or module.name.rpartition(".")[2].startswith("test_"):
            continue
        # Of optional parts, which are not installed.
        with contextlib.suppress(ImportError):
            for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if kind.__module__.startswith(f"river.{package}"):
                    yield kind
                    # Classes within it.
                    yield from (one for one in vars(kind).values() if _is_within(one, kind))
    from river import _river_rust

    for _, rust in inspect.getmembers(_river_rust, inspect.ismodule):
        for _, kind in inspect.getmembers(rust, inspect.isclass):
            if kind.__module__.startswith("river._river_rust"):
                yield kind


def _is_within(one: object, kind: type[Any]) -> bool:
    return inspect.isclass(one) and one.__qualname__.startswith(f"{kind.__qualname__}.")


def objects() -> Iterator[tuple[str, Any]]:
    """Yield an object, or more, of every public class that can be made without being told how."""
    from river import metrics, optim

    from tests.battery import estimators, public

    for one in public.classes():
        with contextlib.suppress(TypeError):
            yield public.title(one), public.instance(one)
    for one in estimators.classes():
        for made in estimators.instances(one):
            yield estimators.title(one), made
    for package in (metrics, optim, optim.losses, optim.initializers, optim.schedulers):
        for name in package.__all__:
            kind: Any = getattr(package, name, None)
            if inspect.isclass(kind) and not inspect.isabstract(kind):
                with contextlib.suppress(TypeError):
                    yield f"{package.__name__}.{name}", kind()


def pickles(made: Any, n: int = _N_LEARNS) -> Iterator[bytes]:
    """Yield the pickles of an object: new, under each protocol, and after it has learned."""
    import copy

    from models_app.domain import blobs
    from tests.battery import drives

    for protocol in PROTOCOLS:
        yield pickle.dumps(made, protocol)
    for drive in drives.drives(made, n):
        learned = copy.deepcopy(made)
        with contextlib.suppress(Exception):
            for x, y in zip(drive.features, drive.truths, strict=True):
                drive.predict(learned, x)
                drive.learn(learned, x, y)
            yield blobs.dumps(learned)
            yield pickle.dumps(learned, 2)


def alike(line: Line) -> Iterator[Line]:
    """Yield a line, and those that other parameters of a class would have in its place."""
    yield line
    kind, module, *rest = line
    beginning = next((begin for begin in ALIKE if rest[-1].startswith(begin)), None)
    if beginning is None:
        return
    holder: Any = importlib.import_module(module)
    for part in rest[:-1]:
        holder = getattr(holder, part)
    for name in dir(holder):
        if name.startswith(beginning):
            yield (kind, module, *rest[:-1], name)


def clones() -> Iterator[Line]:
    """Yield `clone` of all that is handed over to be cloned: metrics and statistics."""
    for kind in classes():
        if kind.__module__.startswith(("river.metrics.", "river.stats.")) and hasattr(kind, "clone"):
            yield "method", kind.__module__, kind.__qualname__, "clone"


def recorded() -> set[Line]:
    """Return the lines of the list."""
    lines: set[Line] = {("class", kind.__module__, kind.__qualname__) for kind in classes()} | set(clones())
    for title, made in objects():
        try:
            for data in pickles(made):
                recorder = Recorder(data)
                recorder.load()
                lines |= {other for line in recorder.lines for other in alike(line)}
        except Exception as error:
            sys.stderr.write(f"{title}: {error!r}"[:120] + "\n")
    return {line for line in lines if line[0] in ("method", "partial") or line[1].startswith("river.")}


def main() -> None:
    """Write the list."""
    from importlib.metadata import version

    lines = [" ".join(line) for line in sorted(recorded())]
    TARGET.write_text(HEAD.format(version=version("river")) + "\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    warnings.simplefilter("ignore")
    main()
