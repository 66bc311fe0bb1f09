import json

import pytest

from monitoring.alerting.statuses import EVERY_SECONDS, Evaluator
from monitoring.models import AlertDelivery, DriftAlert
from monitoring.statuses.rules import WELL, Verdict
from tests.monitoring.timepieces import Timepiece
from tests.monitoring.webhook.receivers import SECRET
from tests.services.instances import Instance

STUCK = Verdict("stuck", ("busy in its own code for 12 s",))
FAILING = Verdict("failing", ("LogLoss of 2 over the last 1,000 learns, 0.5 since the upload", "drift"))
HOLD = 30.0


class Evaluating:
    """An evaluator, what it has reported, and the statuses of the models."""

    def __init__(self) -> None:
        self.time = Timepiece()
        self.verdicts = {"m": WELL}
        self.said: list[tuple[str, str]] = []
        self.evaluator = self.another()

    def another(self) -> Evaluator:
        return Evaluator(
            verdicts=lambda: self.verdicts,
            opened=lambda alerts: self.said.extend(("opened", alert.kind) for alert in alerts),
            resolved=lambda alerts: self.said.extend(("resolved", alert.kind) for alert in alerts),
            clock=self.time.clock,
        )

    def is_seen(self, verdict: Verdict, seconds: float = EVERY_SECONDS) -> list[tuple[str, str]]:
        """Have the model be like that for a time; return what is reported meanwhile."""
        self.verdicts = {"m": verdict}
        self.said.clear()
        for _ in range(round(seconds / EVERY_SECONDS)):
            self.time.go_on(EVERY_SECONDS)
            self.evaluator.tick()
        return list(self.said)


@pytest.fixture
def evaluating(instance: Instance, settings: pytest.FixtureRequest) -> Evaluating:
    settings.ALERT_HOLD_SECONDS = HOLD  # type: ignore[attr-defined]
    instance.upload("m")
    return Evaluating()


class TestEvaluator:
    def test_opens_an_alert_when_a_status_is_entered_and_none_more(self, evaluating: Evaluating) -> None:
        assert evaluating.is_seen(WELL) == []
        assert evaluating.is_seen(STUCK) == [("opened", "stuck")]
        assert evaluating.is_seen(STUCK, 60) == []

        alert = DriftAlert.objects.get()
        assert (alert.reason, alert.source, alert.value) == (STUCK.reasons[0], "status", None)

    def test_resolves_it_once_it_was_left_for_a_while(self, evaluating: Evaluating) -> None:
        evaluating.is_seen(STUCK)

        assert evaluating.is_seen(WELL, HOLD) == []
        assert evaluating.is_seen(WELL) == [("resolved", "stuck")]
        assert DriftAlert.objects.get().resolution == "the model is well again"

    def test_does_not_flap(self, evaluating: Evaluating) -> None:
        said = []
        for _ in range(20):
            said += evaluating.is_seen(STUCK) + evaluating.is_seen(WELL, HOLD)

        assert said == [("opened", "stuck")]

    def test_goes_on_after_a_restart(self, evaluating: Evaluating) -> None:
        evaluating.is_seen(STUCK)
        evaluating.evaluator = evaluating.another()

        assert evaluating.is_seen(STUCK, 60) == []
        assert evaluating.is_seen(WELL, 2 * HOLD) == [("resolved", "stuck")]

    def test_does_not_take_for_over_what_a_worse_status_hides(self, evaluating: Evaluating) -> None:
        evaluating.is_seen(FAILING)

        assert evaluating.is_seen(STUCK, 2 * HOLD) == [("opened", "stuck")]
        assert evaluating.is_seen(FAILING, 2 * HOLD) == [("resolved", "stuck")]
        assert [alert.kind for alert in DriftAlert.objects.unresolved()] == ["failing"]

    def test_wakes_nobody_for_a_model_that_has_just_begun(self, evaluating: Evaluating) -> None:
        assert evaluating.is_seen(Verdict("learning", ("7 learns",)), 60) == []

    def test_takes_a_tenth_of_the_time_at_most(self, evaluating: Evaluating) -> None:
        n_asked = 0

        def slow() -> dict[str, Verdict]:
            nonlocal n_asked
            n_asked += 1
            evaluating.time.go_on(3.0)
            return {}

        evaluator = Evaluator(
            verdicts=slow, opened=lambda _: None, resolved=lambda _: None, clock=evaluating.time.clock
        )
        for _ in range(30):
            evaluator.tick()
            evaluating.time.go_on(2.0)

        assert n_asked == 3

    def test_opens_nothing_of_a_model_that_was_deleted(self, evaluating: Evaluating) -> None:
        evaluating.verdicts = {"gone": STUCK}
        evaluating.evaluator.tick()

        assert evaluating.said == []

    def test_has_the_webhook_hear_of_both(
        self, evaluating: Evaluating, settings: pytest.FixtureRequest
    ) -> None:
        settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_SECRET = "https://example.org", SECRET  # type: ignore[attr-defined]
        evaluating.is_seen(FAILING)
        evaluating.is_seen(WELL, 2 * HOLD)

        messages = [json.loads(row.body) for row in AlertDelivery.objects.order_by("pk")]
        assert [(each["type"], each["data"]["state"]) for each in messages] == [
            ("alert.opened", "open"), ("alert.resolved", "resolved"),
        ]  # fmt: skip
        assert messages[0]["data"]["reason"] == "; ".join(FAILING.reasons)
