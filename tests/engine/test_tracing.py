import asyncio
import time
from typing import Any

from models_app.domain.errors import ModelRaised
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command
from models_app.engine.engine import Engine
from models_app.engine.tracing import Stages, Trace, current_trace
from tests.engine.conftest import MakeEngine, Upload, learn, learn_by_id, predict
from tests.engine.models import Fragile, linear_regression


def traced(engine: Engine, command: Command) -> tuple[Trace, Any]:
    """Return what is known of a command that is answered in a loop, and its answer or what it raised."""
    trace = Trace()

    async def ask() -> Any:
        current_trace.set(trace)
        answer = command.answered_in_loop()
        engine.submit(command)
        return await answer

    return trace, asyncio.run(_outcome(ask()))


async def _outcome(asked: Any) -> Any:
    outcomes: Any = await asyncio.gather(asked, return_exceptions=True)
    return outcomes[0]


def stages(trace: Trace) -> Stages:
    assert trace.stages is not None
    return trace.stages


class TestTrace:
    def test_reports_the_model_and_where_the_time_went(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(linear_regression())
        begun_at = time.perf_counter()

        trace, _ = traced(engine, learn(None, {"x": 1.0}, 2.0))

        found = stages(trace)
        assert trace.model == "model"
        assert found.written_at is not None
        assert begun_at <= found.queued_at <= found.started_at <= found.computed_at <= found.written_at
        assert found.written_at <= time.perf_counter()

    def test_has_no_commit_where_nothing_had_to_be_durable(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(linear_regression())

        trace, _ = traced(engine, predict(None, {"x": 1.0}))

        assert stages(trace).written_at is None

    def test_reports_the_model_that_an_id_leads_to(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(linear_regression(), "first")
        engine.call(predict("first", {"x": 1.0}, "1"))
        upload(linear_regression(), "second")

        trace, _ = traced(make_engine(), learn_by_id("1", 2.0))

        assert trace.model == "first"

    def test_reports_the_model_that_raised(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Fragile())

        trace, outcome = traced(engine, learn(None, {"bad": 1.0}, 2.0))

        assert isinstance(outcome, ModelRaised)
        assert trace.model == "model"

    def test_is_left_alone_by_what_nobody_could_serve(self, make_engine: MakeEngine) -> None:
        trace, outcome = traced(make_engine(), predict("nobody", {"x": 1.0}))

        assert isinstance(outcome, Exception)
        assert (trace.model, trace.stages) == (None, None)

    def test_is_not_that_of_records_in_a_bundle(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(linear_regression())
        trace = Trace()

        async def ask() -> list[Any]:
            current_trace.set(trace)
            commands = [predict(None, {"x": 1.0})]
            answers = Bundle(commands).answered_in_loop()
            engine.submit_many(commands)
            return await answers

        asyncio.run(ask())

        assert trace.stages is None
