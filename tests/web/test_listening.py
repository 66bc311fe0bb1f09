import socket

import pytest
from django.conf import settings
from django.core.management.base import CommandError
from django.test import override_settings

from web import listening


class TestBaseUrl:
    @pytest.mark.parametrize(
        ("host", "expected"),
        [
            ("127.0.0.1", "http://localhost:5000"),
            ("0.0.0.0", "http://localhost:5000"),
            ("::", "http://localhost:5000"),
            ("::1", "http://[::1]:5000"),
            ("10.1.2.3", "http://10.1.2.3:5000"),
            ("models.example.org", "http://models.example.org:5000"),
        ],
    )
    def test_can_be_typed_into_a_browser(self, host: str, expected: str) -> None:
        assert listening.base_url(host, 5000) == expected


class TestAllowHost:
    @pytest.mark.parametrize(
        ("host", "added"),
        [("10.1.2.3", ["10.1.2.3"]), ("fe80::1", ["[fe80::1]"]), ("::", []), ("0.0.0.0", []), ("a.org", [])],
    )
    def test_adds_what_is_a_name_and_new(self, host: str, added: list[str]) -> None:
        with override_settings(ALLOWED_HOSTS=["a.org"]):
            listening.allow_host(host)
            allowed = settings.ALLOWED_HOSTS

        assert allowed == ["a.org", *added]


class TestBindEach:
    def test_takes_one_port_for_each_process(self) -> None:
        shares = listening.bind_each("127.0.0.1", 0, 3)

        assert len(shares) == 3
        assert len({bound.getsockname() for (bound,) in shares}) == 1
        for (bound,) in shares:
            bound.close()

    def test_divides_connections_among_them(self) -> None:
        shares = listening.bind_each("127.0.0.1", 0, 2)
        address = shares[0][0].getsockname()
        clients = [socket.create_connection(address) for _ in range(40)]

        # All forty on one side: once in half a billion times.
        for (bound,) in shares:
            bound.settimeout(10)
            bound.accept()[0].close()
            bound.close()
        for client in clients:
            client.close()

    @pytest.mark.parametrize("n", [1, 2])
    def test_refuses_a_port_that_another_listens_on(self, n: int) -> None:
        shares = listening.bind_each("127.0.0.1", 0, n)
        port = shares[0][0].getsockname()[1]

        with pytest.raises(CommandError, match=f"PORT {port} of 127.0.0.1 cannot be used"):
            listening.bind_each("127.0.0.1", port, 2)

        for (bound,) in shares:
            bound.close()


class TestBind:
    def test_takes_one_port_on_all_addresses_of_a_name(self) -> None:
        sockets = listening.bind("localhost", 0)

        assert len({bound.getsockname()[1] for bound in sockets}) == 1
        for bound in sockets:
            bound.close()

    def test_lets_clients_wait_until_the_server_is_ready(self) -> None:
        (bound,) = listening.bind("127.0.0.1", 0)

        with socket.create_connection(bound.getsockname()):
            bound.close()

    def test_refuses_a_port_that_another_listens_on(self) -> None:
        (bound,) = listening.bind("127.0.0.1", 0)
        port = bound.getsockname()[1]

        with pytest.raises(CommandError, match=f"PORT {port} of 127.0.0.1 cannot be used"):
            listening.bind("127.0.0.1", port)

        bound.close()

    def test_refuses_an_address_of_another_machine(self) -> None:
        with pytest.raises(
            CommandError, match="HOST 192.0.2.1 cannot be used: this machine has no such address"
        ):
            listening.bind("192.0.2.1", 0)
