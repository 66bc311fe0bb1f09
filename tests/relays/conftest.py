"""Servers that tell each other by a real Redis, each but its sender and its receiver, in this process."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from models_app.engine.ports import Event, Learned
from models_app.relays.connections import connect
from models_app.relays.receiving import Receiver
from models_app.relays.seals import Seal
from models_app.relays.sending import Sender
from models_app.relays.tokens import draw_token
from tests.redis_servers import RedisServer
from tests.servers.waiting import wait_until

SECRET = "as all servers on the database have it"


class Heard:
    """Somebody who listens at a server, or not."""

    def __init__(self) -> None:
        self.wants = False
        self.events: list[Event] = []
        self.n_gaps = 0

    @property
    def numbers(self) -> list[int]:
        """What `learned` has numbered the events with."""
        return [int(event.features[5:-1]) for event in self.events]

    def wants_events(self) -> bool:
        return self.wants

    def publish(self, events: Sequence[Event]) -> None:
        self.events += events

    def missed(self) -> None:
        self.n_gaps += 1


class End:
    """A server's ends of the relay."""

    def __init__(self, url: str, secret: str = SECRET) -> None:
        seal = Seal(secret, server=draw_token())
        self.channel = seal.channel
        self.heard = Heard()
        self.sender = Sender(lambda: connect(url), seal)
        self.receiver = Receiver(lambda: connect(url), seal, self.heard)
        self.sender.start()
        self.receiver.start()
        wait_until(lambda: self.sender._is_heard is not None)

    def tell(self, *numbers: int) -> None:
        """Make events durable, as far as anybody could see."""
        if self.sender.wants_events():
            self.sender.receive([learned(number) for number in numbers])

    def listen_to(self, other: "End") -> None:
        """Have somebody listen here, and wait until the other server knows."""
        self.heard.wants = True
        wait_until(other.sender.wants_events)

    def end(self) -> None:
        for worker in (self.sender, self.receiver):
            worker.end(seconds=5.0)


def learned(number: int) -> Learned:
    return Learned(
        model="m",
        features=b'{"a":%d}' % number,
        prediction=1.5,
        ground_truth=2.5,
        flavor="regression",
        features_kept="",
    )


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    redis = RedisServer()
    redis.start()
    yield redis
    redis.stop()


@pytest.fixture
def make_end(redis: RedisServer) -> Iterator[Callable[..., End]]:
    made: list[End] = []

    def make(options: str = "", secret: str = SECRET) -> End:
        made.append(End(redis.url + options, secret))
        return made[-1]

    yield make
    for end in made:
        end.end()
