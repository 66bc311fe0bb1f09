"""Predicting and learning through the engine."""

from collections.abc import Sequence
from typing import Any

from models_app.engine.commands import Command, Receiver
from models_app.services.runtime import get_engine


async def answer(command: Command) -> Any:
    """Give a command to the engine and return its answer; raises what it raises, and `ServerStopping`."""
    answered = command.answered_in_loop()
    get_engine().submit(command)
    return await answered


def answer_to(receiver: Receiver, command: Command) -> None:
    """Give a command to the engine, and its answer to a receiver in this loop; raises `ServerStopping`."""
    command.answered_to(receiver)
    get_engine().submit(command)


def submit(commands: Sequence[Command]) -> None:
    """Give commands to the engine at once, in their order; raises `ServerStopping`."""
    get_engine().submit_many(commands)
