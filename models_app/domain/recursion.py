"""The limit of nested calls, the same in every process."""

import sys

# River's trees keep as a part of their state how deep they may grow: the limit less 20. It is above Python's
# own 1,000 so that what runs in a bare loop also runs below a server's frames. At 15,000, sorting by a key
# that sorts takes up to 24 MB of stack; at 3,000 a fifth of it, and ordinary threads have 8 MB.
RECURSION_LIMIT = 3_000


def set_recursion_limit() -> None:
    """Set the limit, for all threads of this process."""
    sys.setrecursionlimit(RECURSION_LIMIT)
