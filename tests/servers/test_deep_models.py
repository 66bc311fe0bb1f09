"""Models that become deeper than a pickler nests its calls, through a server and its restarts."""

import pickle

import pytest
from river import tree

from tests.servers.conftest import Start
from tests.servers.exchanging import line
from tests.servers.launchers import ForkServer
from tests.servers.servers import Server

#: More than may be nested (`recursion.RECURSION_LIMIT`); a link of the tree's takes several calls.
N, N_OF_A_SOAK = 1_500, 6_000
_PIECE = 500


def _learn(server: Server, numbers: range) -> None:
    # In pieces whose answers fit into the sockets' buffers: nothing is read before all is sent.
    for start in range(0, len(numbers), _PIECE):
        piece = numbers[start : start + _PIECE]
        body = b"".join(line(features={"t": number}, ground_truth=number % 2) for number in piece)
        with server.client() as client:
            answer = client.request("POST", "/api/stream", body, {"Content-Type": "application/x-ndjson"})
        assert answer.status == 200, answer
        assert b"error" not in answer.body


class TestTreeOnARisingFeature:
    @pytest.mark.parametrize("n", [N, pytest.param(N_OF_A_SOAK, marks=pytest.mark.soak)])
    def test_is_exported_snapshotted_and_verified(self, start: Start, forks: ForkServer, n: int) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(tree.HoeffdingTreeRegressor(), "deep")
        _learn(server, range(n))

        with server.client() as client:
            exported = pickle.loads(client.download("deep"))
        server.restart(clean=True)
        newest = server.database.rows("SELECT max(seq) FROM models_app_snapshot")
        _learn(server, range(n, n + 200))
        server.restart(clean=False)

        assert newest == [(n,)]
        for number in range(n, n + 200):
            exported.learn_one({"t": number}, number % 2)
        with server.client() as client:
            again = pickle.loads(client.download("deep"))
        for number in range(0, 2 * n, 100):
            assert again.predict_one({"t": number}) == exported.predict_one({"t": number})
        verified = server.manage("verify_journal")
        assert verified.returncode == 0, verified
        assert server.complaints == []
        assert len(server.log) < 100_000
