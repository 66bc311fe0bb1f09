"""Which part of monitoring hears of what: all that it adds to the hooks of models_app."""

from django.utils import timezone

from models_app.admin import panels
from models_app.services import hooks, measuring
from monitoring.alerting.ending import Ender, end_of_contract
from monitoring.alerting.statuses import Evaluator
from monitoring.clocks import CautiousClock, Clock
from monitoring.contracts.following import Follower as ContractFollower
from monitoring.drift import alerts, storing
from monitoring.drift.following import Follower
from monitoring.figures import calls
from monitoring.figures.rates import rates
from monitoring.forgetting import forget
from monitoring.history.sampling import Sampler
from monitoring.notes import keeping
from monitoring.pages.changes import Changes
from monitoring.pages.rows import verdicts
from monitoring.panels import ACTIVITY, DOING
from monitoring.refusals import refusals
from monitoring.statistics import recorder
from monitoring.statuses.reporting import report
from monitoring.streams.channels import EVENTS, FLAVORS, METRICS, MODELS
from monitoring.streams.hub import close_all, get_channel
from monitoring.streams.publishers import Publisher
from monitoring.streams.subscriber import StreamSubscriber
from monitoring.webhook.configuring import configured_target
from monitoring.webhook.sender import Sender


def connect() -> None:
    """Add all listeners; called once a process."""
    sampler = Sampler(ask=measuring.ask_if_hot)
    follower = Follower(report=alerts.report)
    contracts = ContractFollower(report=alerts.report, contract_changed=_end_of_contract)
    ender = Ender(detected=follower.seq_of, contracts=contracts.seen_of, report=alerts.report_resolved)
    evaluator = Evaluator(verdicts=verdicts, opened=alerts.report, resolved=alerts.report_resolved)

    hooks.events.add(_streams())
    hooks.scores.add(follower.scored)
    hooks.calls.add(recorder.record)
    hooks.refusals.add(refusals.record)
    for erase in (recorder.erase, sampler.erase, rates.erase, follower.erase, contracts.erase, keeping.erase):
        hooks.erasures.add(erase)
    hooks.forgettings.add(forget)
    hooks.forgotten.add(lambda _name: get_channel(EVENTS).forget())
    hooks.gaps.add(lambda: get_channel(EVENTS).forget())
    hooks.takeovers.add(follower.forget)
    hooks.takeovers.add(contracts.erase)
    hooks.sampling.add(sampler.tick)
    hooks.housekeeping.add(rates.tick)
    hooks.startup.add(calls.start)
    hooks.housekeeping.add(calls.keep)
    hooks.duties.add(follower.tick)
    hooks.duties.add(contracts.tick)
    # After the followers: what goes on is not over.
    hooks.duties.add(ender.tick)
    hooks.duties.add(evaluator.tick)
    hooks.sealed.add(storing.sealed)
    hooks.judges.add(report)
    _connect_webhook()
    # Streams first: they are what the server would wait for.
    hooks.shutdown.add(close_all)
    hooks.shutdown.add(recorder.save_at_once)
    hooks.shutdown.add(calls.stop)
    panels.ON_START.add(ACTIVITY)
    panels.ON_MODEL.add(DOING)


def _end_of_contract(model_id: int) -> None:
    alerts.report_resolved(end_of_contract(model_id, now=timezone.now()))


def _streams() -> StreamSubscriber:
    metrics = Publisher(channel=lambda: get_channel(METRICS), compute=measuring.instance_metrics)
    flavors = Publisher(
        channel=lambda: get_channel(FLAVORS),
        compute=measuring.metrics_of_other_flavors,
        interval_seconds=0.25,
    )
    models = Publisher(
        channel=lambda: get_channel(MODELS), compute=Changes(), interval_seconds=1.0, max_share=0.1
    )
    return StreamSubscriber(metrics_publisher=metrics, flavors_publisher=flavors, models_publisher=models)


def _connect_webhook() -> None:
    target = configured_target()
    if target is None:
        return
    sender = Sender(target, now=CautiousClock(Clock()).moment)
    # After the follower: what it has found goes out at once.
    hooks.duties.add(sender.wake)
    hooks.shutdown.add(sender.stop)
