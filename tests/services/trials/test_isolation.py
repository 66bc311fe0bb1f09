"""What an upload does that means harm: it costs an error, and nothing else."""

import os
import pickle
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from models_app.domain.errors import ChantillyError, ModelNotReadable, ModelNotSuitable
from models_app.services.trials import files, isolation, system_calls
from models_app.services.trials.client import Helper
from models_app.services.trials.limits import Limits
from tests.servers.waiting import wait_until
from tests.services.trials.evil import Learning, Unpickled
from tests.services.trials.test_client import LIMITS, MODEL, run, unpickled

keeps_calls = pytest.mark.skipif(not system_calls.can_filter(), reason="no seccomp here")
keeps_files = pytest.mark.skipif(not files.version(), reason="no Landlock here")


@pytest.fixture(scope="module")
def instance() -> Iterator[Path]:
    """A folder with a secret, in a folder of modules."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "modules" / "instance"
        path.mkdir(parents=True)
        (path / "secret_key").write_text("hush")
        (path.parent / "beside.py").write_text("VALUE = 42\n")
        (path.parent / ".env").write_text("hush")
        yield path


@pytest.fixture(scope="module")
def helper(instance: Path) -> Iterator[Helper]:
    sys.path.append(str(instance.parent))
    helper = Helper()
    helper.hide(instance)
    run(helper, MODEL)
    yield helper
    helper.close()
    sys.path.remove(str(instance.parent))


@pytest.fixture(autouse=True)
def goes_on(helper: Helper) -> Iterator[None]:
    """The helper lives on, and takes what is fit."""
    pid = helper.pid
    yield
    run(helper, MODEL)
    assert helper.pid == pid


class TestNetwork:
    @keeps_calls
    @pytest.mark.parametrize("kind", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET"])
    def test_has_no_socket(self, helper: Helper, kind: str) -> None:
        for of in ("SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW"):
            code = f"import socket; socket.socket(socket.{kind}, socket.{of})"

            assert "PermissionError" in unpickled(helper, code)

    @keeps_calls
    def test_reaches_no_server(self, helper: Helper) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0.0)
            port = server.getsockname()[1]

            unpickled(helper, f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)")

            with pytest.raises(BlockingIOError):
                server.accept()

    @keeps_calls
    def test_has_no_rings(self, helper: Helper) -> None:
        """They do what no filter sees."""
        code = "import ctypes; c = ctypes.CDLL(None, use_errno=True); c.syscall(425, 1, 0); "

        assert "ValueError: 1 (" in unpickled(helper, code + "raise ValueError(ctypes.get_errno())")


class TestFiles:
    @keeps_files
    @pytest.mark.parametrize("name", ["instance/secret_key", ".env", "/etc/passwd", "/proc/1/environ"])
    def test_are_not_read(self, helper: Helper, instance: Path, name: str) -> None:
        assert "PermissionError" in unpickled(helper, f"open({str(instance.parent / name)!r}).read()")

    @keeps_files
    def test_of_the_server_are_not_read(self, helper: Helper) -> None:
        for name in ("environ", "mem", "maps"):
            code = f"open('/proc/{os.getpid()}/{name}', 'rb').read(1)"

            assert "PermissionError" in unpickled(helper, code)

    def test_of_python_are_read(self, helper: Helper) -> None:
        code = "import beside, xmlrpc.client; raise ValueError(beside.VALUE)"

        assert "ValueError: 42 (" in unpickled(helper, code)

    def test_of_modules_that_are_new_are_read(self, helper: Helper, instance: Path) -> None:
        (instance.parent / "newcomer.py").write_text("VALUE = 43\n")

        assert "ValueError: 43 (" in unpickled(helper, "import newcomer; raise ValueError(newcomer.VALUE)")

    @keeps_files
    @pytest.mark.parametrize(
        "code",
        [
            "open({path!r}, 'a').write('more')",
            "open({path!r} + '.new', 'w')",
            "import os; os.unlink({path!r})",
            "import os; os.rename({path!r}, {path!r} + '.old')",
            "import os; os.truncate({path!r}, 0)",
            "import os; os.symlink({path!r}, {path!r} + '.link')",
            "import os; os.mkdir({path!r} + '.folder')",
        ],
    )
    def test_are_not_written(self, helper: Helper, instance: Path, code: str) -> None:
        file = instance / "secret_key"

        assert "PermissionError" in unpickled(helper, code.format(path=str(file)))

        assert (list(instance.iterdir()), file.read_text()) == ([file], "hush")

    @keeps_calls
    def test_keep_their_rights(self, helper: Helper, instance: Path) -> None:
        mode = instance.stat().st_mode

        assert "PermissionError" in unpickled(helper, f"import os; os.chmod({str(instance)!r}, 0o777)")

        assert instance.stat().st_mode == mode

    def test_may_be_made_in_a_folder_that_goes(self, helper: Helper) -> None:
        code = "import os, tempfile; f = tempfile.mkdtemp(); open(f + '/a', 'w').write('a'); "

        reported = unpickled(helper, code + "raise ValueError(f, len(os.listdir('.')))")

        folder = Path(reported.partition("('")[2].partition("'")[0])
        assert folder.parents[1].name.startswith("chantilly-trials-")
        wait_until(lambda: not folder.parent.exists())

    @pytest.mark.parametrize(
        "code",
        [
            "open('a', 'wb').write(bytes(2**30)); raise ValueError('written')",
            "for n in range(10**6): open(str(n), 'w').close()",
            "import os\nfor n in range(10**6): os.mkdir('d'); os.chdir('d')",
            "for n in range(10**6): open(str(n), 'wb').write(bytes(2**22))",
            "files = [open(str(n), 'w') for n in range(10**6)]",
        ],
    )
    def test_do_not_fill_the_disk(self, helper: Helper, code: str) -> None:
        assert "written" not in unpickled(helper, code)


class TestProcesses:
    @keeps_calls
    @pytest.mark.parametrize(
        "code",
        [
            "import os\nfor _ in range(1000): os.fork()",
            "import subprocess; subprocess.run(['/bin/true'])",
            "import os; os.execv('/bin/true', ['true'])",
            "import os; os.posix_spawn('/bin/true', ['true'], {})",
        ],
    )
    def test_are_not_started(self, helper: Helper, code: str) -> None:
        assert "PermissionError" in unpickled(helper, code)

    @keeps_calls
    def test_may_have_threads(self, helper: Helper) -> None:
        code = "import threading; t = threading.Thread(target=int); t.start(); t.join(); "

        assert "ValueError: joined" in unpickled(helper, code + "raise ValueError('joined')")

    @keeps_calls
    @pytest.mark.parametrize(
        "code", ["os.kill({}, 9)", "resource.prlimit({}, 0, (1, 1))", "os.setpriority(0, {}, 9)"]
    )
    def test_of_others_are_left_alone(self, helper: Helper, code: str) -> None:
        for target in (helper.pid, os.getpid()):
            assert "PermissionError" in unpickled(helper, f"import os, resource; {code.format(target)}")

    @pytest.mark.parametrize(
        "code",
        [
            "bytearray(100 * 2**30)",
            "import mmap; mmap.mmap(-1, 100 * 2**30)",
            "a = ()\nfor _ in range(64): a = (a, a)\nhash(a)",
            "import os\nos.setpriority(0, 0, 19)\nwhile True: pass",
        ],
    )
    def test_are_limited(self, helper: Helper, code: str) -> None:
        unpickled(helper, code, seconds=1.0)


class TestOutput:
    @pytest.mark.parametrize("stream", ["stdout", "stderr"])
    def test_goes_nowhere(self, helper: Helper, stream: str) -> None:
        code = f"import sys\nfor _ in range(1024): sys.{stream}.write('a' * 2**20)\n"

        assert "ValueError: printed" in unpickled(helper, code + "raise ValueError('printed')")

    def test_is_no_answer(self, helper: Helper) -> None:
        code = (
            "import os\n"
            "for fd in range(3, 64):\n"
            " try:\n"
            "  while True: os.write(fd, b'{}\\n' * 2**16)\n"
            " except OSError: pass\n"
        )

        with pytest.raises(ModelNotSuitable, match="writes where its trial answers"):
            run(helper, Unpickled(code))

    def test_is_cut(self, helper: Helper) -> None:
        assert len(unpickled(helper, "raise ValueError('a' * 10**8)")) < 1_000


class TestLearning:
    @pytest.mark.parametrize(
        "code",
        [
            "import socket; socket.socket()",
            "open('/etc/passwd')",
            "import os; os.fork()",
            "while True: pass",
            "bytearray(100 * 2**30)",
        ],
    )
    def test_does_no_more_than_unpickling(self, helper: Helper, code: str) -> None:
        try:
            helper.run(pickle.dumps(Learning(code)), "regression", Limits(5.0, LIMITS.memory_bytes))
        except ChantillyError as error:
            assert isinstance(error, ModelNotSuitable | ModelNotReadable)  # noqa: PT017


class TestMissing:
    def test_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(system_calls, "can_filter", lambda: False)
        monkeypatch.setattr(files, "version", lambda: 0)

        reported = str(isolation.missing())

        assert "the network and other processes (seccomp) and files (Landlock)" in reported
