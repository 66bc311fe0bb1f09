"""Object stores for tests: a folder, and a bucket of a server that speaks S3."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from moto.server import ThreadedMotoServer

from models_app.models import object_store

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "a secret of the tests",
    "AWS_REGION": "us-east-1",
}


@dataclass
class Store:
    """A store at `url`; `variables` lead to it. `go_away` makes it unusable, and returns the way back."""

    url: str
    go_away: Callable[[], Callable[[], None]]
    variables: dict[str, str] = field(default_factory=dict)

    def objects(self) -> set[str]:
        """Return the URLs of all that is in it."""
        return {url for page in object_store.listed(self.url) for url, _ in page}

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have nobody reach it meanwhile."""
        comes_back = self.go_away()
        try:
            yield
        finally:
            comes_back()
            # Nobody has to wait until it is asked again; what the failure said stays until it is.
            object_store.writing._failed_at = object_store.reading._failed_at = None


def in_folder(folder: Path) -> Store:
    def go_away() -> Callable[[], None]:
        # Even root writes nothing below what is no folder.
        folder.rename(f"{folder}-away")
        folder.write_text("in its place")

        def come_back() -> None:
            folder.unlink()
            Path(f"{folder}-away").rename(folder)

        return come_back

    folder.mkdir()
    return Store(f"file://{folder}", go_away)


class Moto:
    """A server of buckets on the loopback interface, over HTTP."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        _, self.port = self._server.get_host_and_port()
        self._n_buckets = 0

    def stop(self) -> None:
        self._server.stop()

    def bucket(self) -> Store:
        """Return a new bucket."""
        self._n_buckets += 1
        name = f"bucket-{self._n_buckets}"
        httpx.put(f"http://127.0.0.1:{self.port}/{name}").raise_for_status()

        def go_away() -> Callable[[], None]:
            self._server.stop()

            def come_back() -> None:
                # What it had is in this process's memory.
                self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
                self._server.start()

            return come_back

        variables = CREDENTIALS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}
        return Store(f"s3://{name}/snapshots", go_away, variables)
