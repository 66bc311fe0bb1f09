"""A command that lets a model learn many records, beside clients that teach the same model."""

import pickle
import threading
from pathlib import Path
from typing import Any

from river import linear_model, preprocessing

from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer

N_RECORDS = 3_000


class TestLearnFile:
    def test_and_busy_clients_take_turns(self, start: Start, forks: ForkServer, tmp_path: Path) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("binary")
            model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
            client.upload(pickle.dumps(model), "shared")
        file = tmp_path / "history.csv"
        rows = [f"{number % 7},{number % 11},{number % 2 == 0}".lower() for number in range(N_RECORDS)]
        file.write_text("\n".join(["a,file,y", *rows]))
        ends, statuses = threading.Event(), list[int]()

        def teach(client: Client) -> None:
            while not ends.is_set():
                statuses.append(client.learn(features={"a": 1.0}, ground_truth=True).status)

        clients = [server.client() for _ in range(4)]
        threads = [threading.Thread(target=teach, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        done = server.manage("learn", str(file), "--model", "shared", "--target", "y")
        ends.set()
        for thread, client in zip(threads, clients, strict=True):
            thread.join(timeout=60)
            client.close()

        assert done.returncode == 0, done.stderr
        assert set(statuses) == {201}
        learned: list[Any] = [learn.x() for learn in server.database.all_learns()]
        assert len(learned) == N_RECORDS + len(statuses) == server.database.seq("shared")
        # In the order of the file, and not all of them before or after the clients' records.
        of_file = [place for place, x in enumerate(learned) if "file" in x]
        assert [learned[place]["file"] for place in of_file] == [n % 11 for n in range(N_RECORDS)]
        assert of_file[-1] - of_file[0] > N_RECORDS - 1
