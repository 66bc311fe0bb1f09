from models_app.engine.timings import Timings
from monitoring.statuses.calls import WINDOW_SECONDS, Recent, RecentCalls


class TestRecentCalls:
    def test_forgets_what_was_before_the_last_minutes(self) -> None:
        calls, timings = RecentCalls(), {"m": Timings()}
        calls.look(timings, (), now=0.0)
        timings["m"].refused["model_raised"] += 5
        calls.look(timings, (), now=20.0)
        timings["m"].answered(0.001, 2, 1)

        assert calls.look(timings, (), now=WINDOW_SECONDS)["m"] == Recent(8, 5)
        assert calls.look(timings, (), now=WINDOW_SECONDS + 25)["m"] == Recent(3, 0)

    def test_begins_anew_with_another_upload(self) -> None:
        calls, timings = RecentCalls(), Timings()
        calls.look({"m": timings}, (), now=0.0)
        timings.refused["model_not_loadable"] += 5
        assert not calls.look({"m": timings}, (), now=11.0)["m"].is_loadable

        assert calls.look({"m": Timings()}, (), now=12.0)["m"] == Recent()

    def test_takes_a_model_for_loadable_once_it_answers_again(self) -> None:
        calls, timings = RecentCalls(), Timings()
        timings.answered(0.001, 1, 0)
        timings.refused["model_not_loadable"] += 1

        failed = calls.look({"m": timings}, (), now=0.0)["m"]
        in_memory = calls.look({"m": timings}, {"m"}, now=1.0)["m"]
        timings.answered(0.001, 1, 0)
        again = calls.look({"m": timings}, (), now=2.0)["m"]

        assert (failed.is_loadable, in_memory.is_loadable, again.is_loadable) == (False, True, True)
