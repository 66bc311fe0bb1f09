"""Pages in shared memory, and the duties in the table."""

import os
import random
import signal

import pytest

from models_app.processes.pages import Page
from models_app.processes.table import Table


class TestPage:
    def test_has_all_that_was_written_last_by_a_process_that_was_killed_while_it_wrote(self) -> None:
        page = Page(50_000)
        for seed in range(30):
            reading, writing = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.write(writing, b"x")
                number = 0
                while True:
                    number = (number + 1) % 200
                    page.write(bytes([number]) * (20_000 + number))
            os.read(reading, 1)
            for _ in range(random.Random(seed).randrange(2_000)):
                pass
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(reading)
            os.close(writing)

            data = page.read()

            assert data == data[:1] * len(data)
            assert not data or len(data) == 20_000 + data[0]

    def test_takes_no_more_than_there_is_room_for(self) -> None:
        page = Page(10)
        page.write(b"0123456789")

        with pytest.raises(ValueError, match="11 bytes are more than the 10"):
            page.write(b"01234567890")

        assert page.read() == b"0123456789"


class TestDuties:
    def test_are_of_nobody_after_the_end_of_who_had_them(self) -> None:
        row = Table([("web", 0)]).rows["web", 0]
        never = row.duties_at()
        row.note_duties()
        noted = row.duties_at()
        row.note_end("was killed")

        assert noted > 0
        assert never == row.duties_at() == float("-inf")
