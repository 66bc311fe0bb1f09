"""How large the database is."""

from django.db import connection


def database_bytes() -> int:
    """Return the size of the database, without what is still in its log."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        (n_bytes,) = cursor.fetchone()
    return int(n_bytes)
