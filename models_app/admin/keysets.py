"""Pages of long tables by key: an index leads to any page, and only its rows are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import msgspec
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Field, ForeignKey, Func, Model, QuerySet, Value

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class PagePlace:
    """The place of a page: right after, or right before, the row with this key.

    Without a key: at the beginning of the list; with `is_before`, at its end.
    """

    is_before: bool = False
    key: tuple[str, ...] = ()

    def to_text(self) -> str:
        """Return it as an address has it.

        >>> PagePlace(key=("3", "x")).to_text()
        '["after","3","x"]'
        """
        return msgspec.json.encode(["before" if self.is_before else "after", *self.key]).decode()


FIRST = PagePlace()
LAST = PagePlace(is_before=True)


def read_place(text: str) -> PagePlace:
    """Return the place that an address has; raises ValueError.

    >>> read_place('["before"]') == LAST
    True
    """
    direction, *key = msgspec.json.decode(text, type=list[str]) or [""]
    if direction not in {"after", "before"}:
        raise ValueError(f"'{direction}' is no direction")
    return PagePlace(is_before=direction == "before", key=tuple(key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[M]):
    """Some rows, and where the pages beside them are; None: there is none."""

    rows: list[M]
    previous: PagePlace | None
    next: PagePlace | None


def read_page(queryset: QuerySet[M], place: PagePlace, *, order: Sequence[str], size: int) -> Page[M]:
    """Read at most `size` rows, and one more to see whether there are others.

    `order` names the fields of a unique key, all ascending or all descending (`-`). Raises ValueError where
    the place's key is none of that kind.
    """
    fields = [_field(queryset.model, name) for name in order]
    rows = queryset.order_by(*order)
    if place.key:
        is_descending = order[0].startswith("-")
        operator = "<" if is_descending != place.is_before else ">"
        rows = rows.filter(_compared(fields, operator, _values(fields, place.key)))
    found = list((rows.reverse() if place.is_before else rows)[: size + 1])
    is_more, found = len(found) > size, found[:size]
    if place.is_before:
        found.reverse()
    is_previous, is_next = (is_more, bool(place.key)) if place.is_before else (bool(place.key), is_more)
    return Page(
        rows=found,
        previous=PagePlace(is_before=True, key=_key(fields, found[0])) if is_previous and found else None,
        next=PagePlace(key=_key(fields, found[-1])) if is_next and found else None,
    )


def _field(kind: type[Model], name: str) -> "Field[Any, Any]":
    bare = name.removeprefix("-")
    return cast("Field[Any, Any]", kind._meta.pk if bare == "pk" else kind._meta.get_field(bare))


def _key(fields: "Sequence[Field[Any, Any]]", row: Model) -> tuple[str, ...]:
    return tuple(field.value_to_string(row) for field in fields)


def _values(fields: "Sequence[Field[Any, Any]]", key: Sequence[str]) -> list[Value]:
    if len(key) != len(fields):
        raise ValueError(f"{len(fields)} values make a key, not {len(key)}")
    return [_value(field, text) for field, text in zip(fields, key, strict=True)]


def _value(field: "Field[Any, Any]", text: str) -> Value:
    # A foreign key would look up whether there is such a row.
    plain = field.target_field if isinstance(field, ForeignKey) else field
    try:
        return Value(plain.clean(text, None), output_field=plain)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from error


def _compared(fields: "Sequence[Field[Any, Any]]", operator: str, values: Sequence[Value]) -> Func:
    # As rows, `(a, b) < (1, 2)`: taken apart into ANDs and ORs, SQLite finds no index for it.
    columns = _row([F(field.attname) for field in fields])
    return Func(
        columns,
        _row(values),
        template="%(expressions)s",
        arg_joiner=f" {operator} ",
        output_field=BooleanField(),
    )


def _row(parts: Sequence[F | Value]) -> Func:
    return Func(*parts, template="(%(expressions)s)", output_field=BooleanField())
