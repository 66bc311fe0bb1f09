"""What only one process of all that serve a database does, and whether it is this one."""

import os

from models_app.models.storage import get_storage
from models_app.services import hooks

#: The environment's name of the number of a web process, where there are several.
WORKER = "_CHANTILLY_WORKER"


class Duties:
    """Whether this process has the duties, as of the last look: one thread looks, all may ask."""

    def __init__(self) -> None:
        self.are_held = False

    def look(self) -> bool:
        """Take the duties if nobody has them; say whether this process has them.

        Before the first of them, and after another process may have had them, `hooks.takeovers` are called.
        """
        had_them, self.are_held = self.are_held, _may_have_them() and get_storage().holds_duties()
        if self.are_held and not had_them:
            for callback in hooks.takeovers:
                callback()
        return self.are_held


def _may_have_them() -> bool:
    # Of the web workers of one server the first: one that ends is started again at once.
    return os.environ.get(WORKER, "0") == "0"


#: Those of this process.
duties = Duties()
