"""Prints specifications as people read them: what fits in a line stands in one."""

import json

from models_app.domain.specs.walking import Json

_WIDTH = 80
_INDENT = "  "


def printed(value: Json, indent: str = "") -> str:
    """Return a value of JSON in lines.

    >>> print(printed({"pipeline": [{"class": "preprocessing.Normalizer"}]}))
    {"pipeline": [{"class": "preprocessing.Normalizer"}]}
    >>> print(printed({"pipeline": [{"class": "a" * 40}, {"class": "b" * 40}]}))  # doctest: +ELLIPSIS
    {
      "pipeline": [
        {"class": "aaa...aaa"},
        {"class": "bbb...bbb"}
      ]
    }
    """
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= _WIDTH or not value or not isinstance(value, dict | list):
        return line
    inner = indent + _INDENT
    if isinstance(value, dict):
        members = [
            f"{json.dumps(name, ensure_ascii=False)}: {printed(each, inner)}" for name, each in value.items()
        ]
        return _lines("{", members, "}", indent)
    return _lines("[", [printed(each, inner) for each in value], "]", indent)


def _lines(begin: str, members: list[str], end: str, indent: str) -> str:
    body = ",\n".join(f"{indent}{_INDENT}{member}" for member in members)
    return f"{begin}\n{body}\n{indent}{end}"
