"""Which part of monitoring hears of what."""

from models_app.services import measuring, publishing, runtime
from monitoring.clocks import CautiousClock, Clock
from monitoring.drift import alerts
from monitoring.drift.following import Follower
from monitoring.figures.rates import rates
from monitoring.history.sampling import Sampler
from monitoring.pages.changes import Changes
from monitoring.refusals import refusals
from monitoring.statistics import recorder
from monitoring.streams.channels import METRICS, MODELS
from monitoring.streams.hub import close_all, get_channel
from monitoring.streams.publishers import Publisher
from monitoring.streams.subscriber import StreamSubscriber
from monitoring.webhook.configuring import configured_target
from monitoring.webhook.sender import Sender


def connect() -> None:
    """Subscribe; called once a process."""
    metrics = Publisher(channel=lambda: get_channel(METRICS), compute=measuring.instance_metrics)
    models = Publisher(
        channel=lambda: get_channel(MODELS), compute=Changes(), interval_seconds=1.0, max_share=0.1
    )
    publishing.subscribe(StreamSubscriber(metrics_publisher=metrics, models_publisher=models))
    publishing.on_call(recorder.record)
    publishing.on_erased(recorder.erase)
    publishing.on_refusal(refusals.record)
    sampler = Sampler(ask=measuring.ask_if_hot)
    publishing.on_erased(sampler.erase)
    runtime.on_tidy(sampler.tick)
    publishing.on_erased(rates.erase)
    runtime.on_tidy(rates.tick)
    follower = Follower(tell=alerts.tell)
    publishing.on_scores(follower.scored)
    publishing.on_erased(follower.erase)
    runtime.on_tidy(follower.tick)
    target = configured_target()
    if target is not None:
        sender = Sender(target, now=CautiousClock(Clock()).moment)
        # After the follower: what it has found goes out at once.
        runtime.on_tidy(sender.wake)
        runtime.on_shutdown(sender.stop)
    # Streams first: they are what the server would wait for.
    runtime.on_shutdown(close_all)
    runtime.on_shutdown(recorder.save_at_once)
