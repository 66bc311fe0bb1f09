"""Minutes of a database's times, as an expression that both databases can keep in a column of its own."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Func
from django.db.models.sql.compiler import SQLCompiler


class LastMinute(Func):
    """The minute in which the latest of some times is; the last of these is never null.

    Each database's own functions for it depend on nothing but the row, which a column that is computed must.
    """

    output_field = DateTimeField()

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_extra: Any
    ) -> tuple[str, Any]:
        """Cut the text off behind the minutes."""
        return self._compiled(compiler, "substr(max({}), 1, 17) || '00'")

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_extra: Any
    ) -> tuple[str, Any]:
        """Cut it where no setting of the connection has a say."""
        cut = "date_trunc('minute', greatest({}) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
        return self._compiled(compiler, cut)

    def _compiled(self, compiler: SQLCompiler, template: str) -> tuple[str, Any]:
        columns = [compiler.compile(each)[0] for each in self.get_source_expressions()]
        last = columns[-1]
        times = [f"coalesce({column}, {last})" for column in columns[:-1]]
        return template.format(", ".join([*times, last])), []
