import json
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import sseclient
from pytest_django import Settings

from monitoring.streams.frames import GREETING, text_event
from monitoring.streams.hub import close_all, get_channel
from tests.monitoring.serving import SECONDS, Server, open_socket, read_data, running_server, wait_until
from tests.monitoring.streaming import listener_count, numbered


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture(autouse=True)
def _channels_of_its_own(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.STREAM_BACKLOG = 3000
    monkeypatch.setattr("monitoring.streams.hub._channels", {})


def listen(server: Server, channel: str = "events", **headers: str) -> sseclient.SSEClient:
    count = listener_count(channel)
    client = sseclient.SSEClient(f"{server.url}/{channel}", headers=headers)
    wait_until(lambda: listener_count(channel) > count)
    return client


class TestStreamViewSet:
    @pytest.mark.parametrize("channel", ["events", "metrics"])
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_answers_at_once_with_a_comment(self, server: Server, channel: str, slash: str) -> None:
        with httpx.stream("GET", f"{server.url}/{channel}{slash}") as response:
            assert response.status_code == 200
            assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            assert response.headers["Cache-Control"] == "no-cache"
            assert response.headers["X-Accel-Buffering"] == "no"
            assert next(response.iter_raw()) == GREETING

    def test_answers_a_head_without_a_stream(self, server: Server) -> None:
        response = httpx.head(f"{server.url}/events")
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert listener_count("events") == 0

    def test_answers_options(self, server: Server) -> None:
        assert "GET" in httpx.options(f"{server.url}/events").headers["Allow"]

    def test_refuses_other_methods(self, server: Server) -> None:
        assert httpx.post(f"{server.url}/events").status_code == 405

    def test_refuses_who_the_channel_manager_does_not_let_read(
        self, server: Server, settings: Settings
    ) -> None:
        settings.EVENTSTREAM_CHANNELMANAGER_CLASS = f"{__name__}.ClosedChannels"
        response = httpx.get(f"{server.url}/events")
        assert response.status_code == 403
        assert response.headers["Error-Code"] == "permission_denied"

    def test_gives_the_user_guides_client_every_event_of_a_burst(self, server: Server) -> None:
        clients = [listen(server) for _ in range(3)]
        with ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(read_data, client, 2000) for client in clients]
            for n in range(40):
                get_channel("events").publish(numbered(range(n * 50, n * 50 + 50)))
            for reader in readers:
                assert reader.result(60) == list(range(2000))

    def test_gives_text_in_any_script_as_it_was(self, server: Server) -> None:
        client = listen(server)
        get_channel("events").publish([text_event("predict", '"crème brûlée 🍮 日本"')])
        assert read_data(client, 1) == ["crème brûlée 🍮 日本"]

    def test_names_the_events(self, server: Server) -> None:
        client = listen(server)
        get_channel("events").publish([text_event("predict", "1"), text_event("learn", "2")])
        assert [next(client).event, next(client).event] == ["predict", "learn"]
        client.resp.close()

    @pytest.mark.parametrize("by", ["header", "query"])
    def test_gives_what_was_missed_to_who_comes_back(self, server: Server, by: str) -> None:
        client = listen(server)
        get_channel("events").publish(numbered([1]))
        last_id = next(client).id
        client.resp.close()
        wait_until(lambda: listener_count("events") == 0)
        get_channel("events").publish(numbered([2, 3]))

        if by == "header":
            client = listen(server, **{"Last-Event-ID": last_id})
        else:
            client = sseclient.SSEClient(f"{server.url}/events", params={"lastEventId": last_id})

        assert read_data(client, 2) == [2, 3]

    @pytest.mark.parametrize(
        "last_id",
        [
            "events:1",
            f"events:{2**60}",
            "metrics:1",
            "error",
            "nonsense",
            "events:x",
            "events:1-0a1b2c3d",
            "events:1,",
            "é",
            "1" * 6000,
        ],
    )
    def test_notifies_who_comes_back_with_an_id_that_is_not_kept(self, server: Server, last_id: str) -> None:
        client = sseclient.SSEClient(f"{server.url}/events", params={"lastEventId": last_id})
        message = next(client)
        assert (message.event, json.loads(message.data)) == ("stream-reset", {"channels": ["events"]})
        get_channel("events").publish(numbered([5]))
        assert read_data(client, 1) == [5]

    def test_notifies_who_comes_from_another_process(self, server: Server) -> None:
        client = listen(server)
        get_channel("events").publish(numbered([1, 2]))
        first, second = next(client).id, next(client).id
        client.resp.close()
        wait_until(lambda: listener_count("events") == 0)
        # The other's numbers are like this one's.
        elsewhere = first[:-1] + ("1" if first.endswith("0") else "0")
        assert first.rpartition("-")[2] == second.rpartition("-")[2]

        client = listen(server, **{"Last-Event-ID": elsewhere})

        assert next(client).event == "stream-reset"
        client.resp.close()

    def test_leaves_no_task_thread_or_listener_of_clients_that_vanish(self, server: Server) -> None:
        def come_and_go() -> None:
            connections = [open_socket(server, "events") for _ in range(30)]
            wait_until(lambda: listener_count("events") == 30)
            get_channel("events").publish(numbered([1]))
            for connection in connections:
                connection.close()
            wait_until(lambda: listener_count("events") == 0)

        wait_until(lambda: not server.server_state.connections)
        tasks = server.task_count()
        threads = threading.active_count()
        for _ in range(4):
            come_and_go()
            wait_until(lambda: server.task_count() <= tasks)
        # Those of the loop's pool stay, however many of them there were to do.
        pool = min(32, (os.cpu_count() or 1) + 4)
        assert threading.active_count() <= threads + pool

    def test_cuts_off_a_client_that_stops_reading_and_slows_no_other(
        self, server: Server, settings: Settings
    ) -> None:
        settings.STREAM_SEND_SECONDS = 1.0
        asleep = open_socket(server, "events", receive_bytes=4096)
        awake = open_socket(server, "events")
        wait_until(lambda: listener_count("events") == 2)

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(read_events, awake, 120)
            for _ in range(120):
                get_channel("events").publish([text_event("predict", "x" * 60_000)])
            assert reader.result(60) == 120

        wait_until(lambda: listener_count("events") == 1)
        awake.close()
        wait_until(lambda: listener_count("events") == 0)
        asleep.close()

    def test_ends_in_order_with_the_server_without_a_message_that_is_no_json(self, server: Server) -> None:
        client = listen(server, "metrics")
        get_channel("metrics").publish([text_event("message", '{"MAE": 0.5}')])
        assert (next(client).data, listener_count("metrics")) == ('{"MAE": 0.5}', 1)
        close_all()
        # What the client makes of the end of the body.
        assert json.loads(next(client).data) == {}
        client.resp.close()
        assert listener_count("metrics") == 0

    def test_shows_the_end_to_no_client_that_follows_the_specification(self, server: Server) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as connection:
            connection.sendall(b"GET /api/stream/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wait_until(lambda: listener_count("events") == 1)
            close_all()
            received = b""
            while not received.endswith(b"0\r\n\r\n"):
                received += connection.recv(65536)
        assert b"\n\n" not in received.partition(b"\r\n\r\n")[2]


class ClosedChannels:
    """A channel manager of a site that lets nobody listen."""

    def can_read_channel(self, user: object, channel: str) -> bool:
        return False


def read_events(connection: socket.socket, count: int) -> int:
    """Count the events that a connection gets, up to `count`."""
    found = 0
    rest = b""
    while found < count:
        received = rest + connection.recv(1 << 20)
        found += received.count(b"event: ")
        # It may stand across two reads.
        rest = received[-6:] if received else b""
    return found
