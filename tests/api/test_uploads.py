import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.http import HttpRequest, HttpResponse

from models_app.api import exceptions
from models_app.api.upload_threads import Uploads, in_upload_threads
from models_app.domain.errors import UploadsBusy


class TestUploads:
    def test_refuses_more_than_it_may_keep_waiting(self) -> None:
        done = threading.Event()

        def upload() -> HttpResponse:
            done.wait(30)
            return HttpResponse(status=201)

        async def run() -> list[HttpResponse | UploadsBusy]:
            with ThreadPoolExecutor(1) as pool:
                uploads = Uploads(pool, at_most=2)
                running = [asyncio.ensure_future(uploads.run(upload)) for _ in range(2)]
                await asyncio.sleep(0)
                with pytest.raises(UploadsBusy) as busy:
                    await uploads.run(upload)
                done.set()
                first = [await one for one in running]
                return [*first, busy.value, await uploads.run(upload)]  # type: ignore[list-item]

        *answers, busy, last = asyncio.run(run())

        assert [answer.status_code for answer in (*answers, last)] == [201] * 3  # type: ignore[union-attr]
        reported = exceptions.handle(busy, {})  # type: ignore[arg-type]
        assert (reported.status_code, reported["Error-Code"], reported["Retry-After"]) == (
            503,
            "uploads_busy",
            "1",
        )

    def test_counts_those_that_fail_no_more(self) -> None:
        def fail() -> HttpResponse:
            raise ValueError

        async def run() -> None:
            with ThreadPoolExecutor(1) as pool:
                uploads = Uploads(pool, at_most=1)
                for _ in range(3):
                    with pytest.raises(ValueError):  # ours
                        await uploads.run(fail)

        asyncio.run(run())


# The threads may have connections of earlier tests, and look at them.
@pytest.mark.django_db
@pytest.mark.parametrize(("method", "prefix"), [("POST", "uploads"), ("GET", "requests")])
def test_views_run_posts_in_threads_of_their_own(method: str, prefix: str) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(threading.current_thread().name)

    request = HttpRequest()
    request.method = method

    answer = asyncio.run(in_upload_threads(view)(request))

    assert answer.content.decode().startswith(prefix)  # type: ignore[attr-defined]
