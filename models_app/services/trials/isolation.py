"""What keeps a trial away from the rest of the machine, as far as the kernel has it."""

from collections.abc import Sequence
from pathlib import Path

from models_app.services.trials import files, system_calls


def isolate(hidden: Sequence[Path], folder: Path) -> None:
    """Hold this process, for good, to itself: no network, no other process, few files.

    It reads Python's, without what is `hidden` among them, and writes to `folder` alone. Raises OSError where
    the kernel says that it can, and cannot.
    """
    if files.version():
        files.keep_to(files.of_python(hidden), folder)
    if system_calls.can_filter():
        system_calls.keep_to_itself()


def missing() -> str | None:
    """Return in a sentence what trials are not kept away from here; None where nothing is missing."""
    open_ = []
    if not system_calls.can_filter():
        open_.append("the network and other processes (seccomp)")
    if not files.version():
        open_.append("files (Landlock)")
    if not open_:
        return None
    return (
        f"This system cannot keep trials of uploads away from {' and '.join(open_)}: an upload can do there "
        "what the server's user can. MODEL_UPLOADS=spec and river let fewer of them do anything."
    )
