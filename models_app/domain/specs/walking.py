"""Walks through specifications as they are written."""

from collections.abc import Callable
from typing import Any

from models_app.domain.specs.forms import CHAIN_KINDS

#: A value of JSON.
Json = Any


def changed(spec: Json, change: Callable[[Json], Json]) -> Json:
    """Return a specification with the values in it, one level down, as `change` returns them.

    >>> changed({"class": "a.B", "params": {"x": 1, "class": 2}}, str)
    {'class': 'a.B', 'params': {'x': '1', 'class': '2'}}
    >>> changed({"name": "scale", "union": [1, 2]}, str), changed({"dict": {"class": 1}}, str)
    ({'name': 'scale', 'union': ['1', '2']}, {'dict': {'class': '1'}})
    """
    if isinstance(spec, list):
        return [change(each) for each in spec]
    if not isinstance(spec, dict):
        return spec
    if "class" in spec:
        params = spec.get("params")
        return {**spec, "params": _values(params, change)} if params else spec
    if "dict" in spec:
        return {"dict": _values(spec["dict"], change)}
    rows = [form for form in (*CHAIN_KINDS, "tuple") if form in spec]
    return {**spec, **{form: [change(each) for each in spec[form]] for form in rows}}


def _values(mapping: Json, change: Callable[[Json], Json]) -> Json:
    if isinstance(mapping, dict):
        return {name: change(each) for name, each in mapping.items()}
    return [[key, change(each)] for key, each in mapping]


def classes_in(spec: Json) -> list[str]:
    """Return the names of the classes in a specification.

    >>> classes_in({"pipeline": [{"class": "a.B"}, {"class": "a.C", "params": {"x": [{"class": "a.D"}]}}]})
    ['a.B', 'a.C', 'a.D']
    """
    found: list[str] = []

    def note(each: Json) -> Json:
        if isinstance(each, dict) and "class" in each:
            found.append(each["class"])
        return changed(each, note)

    note(spec)
    return found
