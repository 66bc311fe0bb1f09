"""A shard: this process's engine, for the web processes that connect to it."""

from collections.abc import Callable
from pathlib import Path

from models_app.domain import actors
from models_app.domain.actors import Actor
from models_app.engine.precautions import Precautions
from models_app.services import auditing, hooks, raying, runtime
from models_app.shards.cluster import socket_of
from models_app.shards.desks import Desk
from models_app.shards.listening import Listener
from models_app.shards.relaying import Relay


def open_shard(
    *, number: int, n_shards: int, folder: Path, precautions: Precautions | None = None
) -> Listener:
    """Start the engine for the models of a shard, and listen for web processes; raises `OSError`."""
    desk = open_desk(number=number, n_shards=n_shards, precautions=precautions)
    return Listener(desk, socket_of(folder, number))


def open_desk(*, number: int, n_shards: int, precautions: Precautions | None = None) -> Desk:
    """Start the engine for the models of a shard, and return what takes commands for it."""
    relay = Relay()
    hooks.events.add(relay)
    engine = runtime.start_shard(number, n_shards, precautions)
    return Desk(engine, make_note=_noting_snapshot, relay=relay)


def open_for_actor(number: int, n_shards: int) -> tuple[Desk, bytes]:
    """Start the engine of a shard in an actor's process; return its seal, too."""
    return open_desk(number=number, n_shards=n_shards), raying.seal()


def _noting_snapshot(name: str, asked_by: tuple[str, str]) -> Callable[[int], None]:
    actor = Actor(*asked_by)

    def note(seq: int) -> None:
        with actors.acting(lambda: actor):
            auditing.record(action="snapshot", model=name, seq=seq)

    return note
