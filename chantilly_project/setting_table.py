"""The project's settings, one row each; run as a program it prints the table of the documents."""

from dataclasses import dataclass

from chantilly_project import openid_parsing, parsing, redis_parsing
from chantilly_project.parsing import Parser


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. The default is written as in the environment."""

    name: str
    default: str
    parser: Parser
    meaning: str
    default_in_words: str = ""


SETTINGS = (
    Setting(
        "INSTANCE_PATH",
        "instance",
        parsing.text(allowed="a folder, relative to the project's folder or absolute"),
        "Folder of the database, the secret key and `config.py`; made where it is missing. Environment only.",
    ),
    Setting(
        "SECRET_KEY",
        "",
        parsing.text(at_least=32, allowed="a text of at least 32 characters"),
        "Signs sessions and the models' bytes: with another key neither is accepted.",
        "drawn once, kept in the file `secret_key`",
    ),
    Setting(
        "SECRET_KEY_FALLBACKS",
        "",
        parsing.keys,
        "Keys that were `SECRET_KEY` before, the newest first: what they have signed is accepted until it is "
        "signed again.",
        "none",
    ),
    Setting(
        "ALLOWED_HOSTS",
        "localhost,.localhost,127.0.0.1,[::1]",
        parsing.hosts,
        "Names under which clients may reach the server (the `Host` header).",
    ),
    Setting("DEBUG", "off", parsing.boolean, "Django's pages for developers. Never on a reachable server."),
    Setting(
        "DATABASE_URL",
        "sqlite:///chantilly.sqlite3",
        parsing.database_url,
        "The database.",
    ),
    Setting(
        "DATABASE_TIMEOUT",
        "5",
        parsing.seconds(0, 3600),
        "How long a write waits for a database that another process has locked, in seconds.",
    ),
    Setting(
        "SQLITE_SYNCHRONOUS",
        "FULL",
        parsing.choice("FULL", "NORMAL", "EXTRA"),
        "When SQLite waits for the disk. With `NORMAL` the last answers may be lost in a power cut.",
    ),
    Setting(
        "REDIS_URL",
        "",
        redis_parsing.redis_url,
        "[Redis](../how-to/redis.md), which carries events between servers.",
        "none",
    ),
    Setting("REDIS_HOST", "", redis_parsing.redis_host, "Its host, in the place of `REDIS_URL`.", "none"),
    Setting("REDIS_PORT", "6379", parsing.whole(1, 65535), "Its port, with `REDIS_HOST`."),
    Setting("REDIS_DB", "0", parsing.whole(0, 999_999_999), "Its database's number, with `REDIS_HOST`."),
    Setting(
        "HOST",
        "127.0.0.1",
        parsing.text(allowed="an address or a host name"),
        "Address on which `serve` and `runserver` listen.",
    ),
    Setting("PORT", "5000", parsing.whole(0, 65535), "Port on which they listen; 0 draws a free one."),
    Setting(
        "WORKERS",
        "1",
        parsing.whole(1, 256),
        "Processes that answer clients; more than one need `ENGINE_PROCESSES`.",
    ),
    Setting(
        "AUTH_REQUIRED",
        "off",
        parsing.boolean,
        "Whether requests need an API token, and people a log-in.",
    ),
    Setting(
        "ALLOW_ANONYMOUS",
        "off",
        parsing.boolean,
        "Whether `HOST` may be an address that others reach, without `AUTH_REQUIRED`.",
    ),
    Setting(
        "LOGIN_FAILURES",
        "10",
        parsing.whole(1, 1_000_000),
        "Wrong passwords in a row after which nobody logs in under that name from that address for a while.",
    ),
    Setting("LOGIN_LOCK_SECONDS", "900", parsing.seconds(1, 1_000_000), "That while, in seconds."),
    Setting(
        "OIDC_ISSUER",
        "",
        openid_parsing.issuer,
        "The provider by which people may log in, too, with [OpenID Connect](../how-to/openid-connect.md).",
        "none",
    ),
    Setting(
        "OIDC_CLIENT_ID", "", parsing.text(at_least=0, allowed="a text"), "The server's name there.", "none"
    ),
    Setting(
        "OIDC_CLIENT_SECRET",
        "",
        parsing.text(at_least=0, allowed="a text"),
        "What the server proves that by.",
        "none",
    ),
    Setting("OIDC_SCOPES", "openid,profile", openid_parsing.scopes, "What the provider is asked to say."),
    Setting(
        "OIDC_GROUPS_CLAIM",
        "groups",
        parsing.text(allowed="a text"),
        "What of it names the groups of a person.",
    ),
    Setting(
        "OIDC_GROUPS",
        "",
        openid_parsing.groups,
        "The [groups](../how-to/tokens.md#people) here that those groups mean. Without it, the admin says "
        "who is in which.",
        "none",
    ),
    Setting(
        "RATE_LIMITS",
        "",
        parsing.rates,
        "[How often](../how-to/tokens.md#limit-how-often) a token, who has logged in, or where nobody is "
        "asked an address, may do what in the API.",
        "none",
    ),
    Setting(
        "TRUSTED_ORIGINS",
        "",
        parsing.origins,
        "Other sites whose pages may send requests that change something.",
        "none",
    ),
    Setting(
        "BEHIND_HTTPS",
        "off",
        parsing.boolean,
        "Whether clients come by HTTPS, through a proxy that says so in `X-Forwarded-Proto`: cookies go no "
        "other way, and pages that are asked for without it are redirected.",
    ),
    Setting(
        "HSTS_SECONDS",
        "3600",
        parsing.seconds(0, 63_072_000),
        "How long a browser shall remember, with `BEHIND_HTTPS`, to come by HTTPS only, in seconds; 0: it is "
        "not told to.",
    ),
    Setting(
        "LOG_LEVEL",
        "INFO",
        parsing.choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        "The least severe messages that are logged.",
    ),
    Setting(
        "LOG_FORMAT",
        "TEXT",
        parsing.choice("TEXT", "JSON"),
        "`JSON`: an object a line, and a line for each request.",
    ),
    Setting(
        "ENGINE",
        "local",
        parsing.choice("local", "ray"),
        "Where the processes of `ENGINE_PROCESSES` run: on this machine, or on a cluster of "
        "[Ray](../how-to/ray.md), which needs PostgreSQL.",
    ),
    Setting(
        "RAY_ADDRESS",
        "auto",
        parsing.text(allowed="`HOST:PORT`, or `auto`: the node on this machine"),
        "The head of the cluster.",
    ),
    Setting(
        "RAY_NAMESPACE",
        "chantilly",
        parsing.text(allowed="a name"),
        "What the cluster knows an instance's shards by: one for each instance.",
    ),
    Setting(
        "ENGINE_PROCESSES",
        "0",
        parsing.whole(0, 256),
        "Processes that work on the models, each on those that it owns; 0: the web process does.",
    ),
    Setting(
        "SHARD_SECONDS",
        "60",
        parsing.seconds(0.5, 86_400),
        "Time after which one of these processes that gives no sign of life is killed and started again, in "
        "seconds.",
    ),
    Setting(
        "MODEL_MEMORY_BYTES",
        "0",
        parsing.size_or_none,
        "Memory that the models of one of these processes may take, beside its own. What a model asks for "
        "beyond is refused, and its learn with it.",
    ),
    Setting("ENGINE_THREADS", "8", parsing.whole(1, 256), "Threads that work on the models."),
    Setting(
        "ENGINE_BATCH_SIZE",
        "512",
        parsing.whole(1, 1_000_000),
        "Requests to one model that are committed together, at most.",
    ),
    Setting(
        "ENGINE_TURN_SECONDS",
        "0.02",
        parsing.seconds(0, 60),
        "Time after which a thread commits what it did for one model and turns to the next, in seconds. "
        "Five times as long where only records of streams and arrays are served.",
    ),
    Setting(
        "MODEL_SECONDS",
        "30",
        parsing.seconds(0.1, 86_400),
        "Time after which whoever waits for a model that does not come back from its own code is refused, in "
        "seconds; ten times as long where it is loaded or pickled.",
    ),
    Setting("HOT_MODELS_MAX", "5000", parsing.whole(1, 10_000_000), "Models kept in memory, at most."),
    Setting("HOT_MODELS_MAX_BYTES", "1G", parsing.size, "Bytes of the models kept in memory, at most."),
    Setting(
        "SNAPSHOT_COST_RATIO",
        "10",
        parsing.number(0, 1_000_000),
        "A snapshot is taken when a replay would take this many times longer than it.",
    ),
    Setting(
        "SNAPSHOT_MIN_SECONDS",
        "1",
        parsing.seconds(0, 86_400),
        "Learning time below which no snapshot is taken, in seconds.",
    ),
    Setting("SNAPSHOTS_KEPT", "5", parsing.whole(1, 1000), "Snapshots kept of each model."),
    Setting(
        "SNAPSHOTS_URL",
        "",
        parsing.snapshots_url,
        "The bucket or folder for the bytes of [snapshots](../how-to/object-storage.md).",
        "none: they are in the database",
    ),
    Setting(
        "SNAPSHOTS_SECONDS",
        "60",
        parsing.seconds(0.1, 3600),
        "What a request to it may take, in seconds.",
    ),
    Setting(
        "SNAPSHOTS_GRACE_SECONDS",
        "86400",
        parsing.seconds(600, 10_000_000),
        "Age from which what lies there and is no snapshot is removed, in seconds.",
    ),
    Setting(
        "LITESTREAM_REPLICA_URL",
        "",
        parsing.snapshots_url,
        "Where [litestream](../how-to/litestream.md) replicates to: `/metrics` says how far it is behind.",
        "none",
    ),
    Setting("MAX_BODY_BYTES", "16M", parsing.size, "Largest JSON body."),
    Setting("MAX_MODEL_BYTES", "512M", parsing.size, "Largest upload of a model."),
    Setting("MAX_HEAD_BYTES", "64K", parsing.size, "Largest head of a request: its line and header lines."),
    Setting("MAX_HEADER_LINES", "100", parsing.whole(1, 10_000), "Header lines of a request, at most."),
    Setting("MAX_URL_BYTES", "16K", parsing.size, "Longest address of a request, with its query."),
    Setting(
        "HEAD_SECONDS",
        "20",
        parsing.seconds(0.1, 3600),
        "Time for a request's head to come, in seconds.",
    ),
    Setting(
        "BODY_SECONDS",
        "60",
        parsing.seconds(0.1, 3600),
        "Time without a byte after which a body is given up, in seconds; one that comes slowly is not.",
    ),
    Setting(
        "IDLE_SECONDS",
        "75",
        parsing.seconds(0.1, 86_400),
        "Time without a request after which a connection is closed, in seconds.",
    ),
    Setting(
        "REST_SECONDS",
        "3600",
        parsing.seconds(0.1, 604_800),
        "The same for `/api/stream` and `/ws/stream`, where records may be far apart, in seconds.",
    ),
    Setting(
        "CONNECTIONS_MAX",
        "2000",
        parsing.whole(1, 1_000_000),
        "Connections open at a time, at most; fewer where the system allows the process fewer open files.",
    ),
    Setting(
        "STREAMS_MAX",
        "1000",
        parsing.whole(1, 1_000_000),
        "Event streams open at a time, at most, and as many WebSockets.",
    ),
    Setting(
        "STREAMS_MAX_PER_CLIENT",
        "200",
        parsing.whole(1, 1_000_000),
        "The same of one address. A proxy must say in `X-Forwarded-For` whom it speaks for.",
    ),
    Setting(
        "UPLOAD_SECONDS",
        "30",
        parsing.seconds(1, 3600),
        "What unpickling an upload may take, in a process of its own, in seconds.",
    ),
    Setting("UPLOAD_MEMORY", "4G", parsing.size, "Memory that this process may take, beside River's."),
    Setting(
        "MODEL_UPLOADS",
        "",
        parsing.choice("spec", "river", "any", may_be_empty=True),
        "What may be uploaded: `spec` takes specifications alone, `river` pickles of River's own objects, "
        "too, and `any` whatever pickle, which is code that runs on the server.",
        "`any` where `HOST` is an address of this machine alone, else `river`",
    ),
    Setting(
        "UPLOAD_KEYS",
        "",
        parsing.public_keys,
        "Public keys of those who [sign uploads](../how-to/sign-uploads.md).",
        "none",
    ),
    Setting(
        "UPLOAD_SIGNATURES",
        "optional",
        parsing.choice("optional", "required"),
        "Whether an upload without a signature of one of them is refused.",
    ),
    Setting(
        "STRICT_FEATURES",
        "off",
        parsing.boolean,
        "Whether features that are not as the model's [feature contract](../how-to/feature-contracts.md) has "
        "them are refused, where nothing else is said of the model.",
    ),
    Setting(
        "STREAM_BACKLOG",
        "1000",
        parsing.whole(1, 1_000_000),
        "Events kept for the listeners of a stream that reconnect.",
    ),
    Setting(
        "STREAM_SEND_SECONDS",
        "30",
        parsing.seconds(0.1, 3600),
        "Time after which a client that does not read its answer is cut off, in seconds.",
    ),
    Setting(
        "FEATURES_KEPT",
        "all",
        parsing.choice("all", "hashed", "none"),
        "What [is shown of features](../operations/personal-data.md) in events, pages and logs, unless a "
        "model has a choice of its own: their values, digests of these, or names alone.",
    ),
    Setting(
        "METRICS_MAX_MODELS",
        "500",
        parsing.whole(1, 1_000_000),
        "Models that `/metrics` shows, at most: those used last.",
    ),
    Setting(
        "BANDIT_REWARD_SECONDS",
        "0",
        parsing.seconds(0, 1_000_000_000),
        "Time after which a pull of a bandit that nobody has rewarded is learned with a default reward, in "
        "seconds; 0: never.",
    ),
    Setting(
        "BANDIT_DEFAULT_REWARD",
        "0",
        parsing.number(-1e12, 1e12),
        "That reward.",
    ),
    Setting(
        "ALERT_WEBHOOK_URL",
        "",
        parsing.webhook_url,
        "Where [alerts](../how-to/alerts.md) are posted to.",
        "none",
    ),
    Setting(
        "ALERT_WEBHOOK_SECRET",
        "",
        parsing.webhook_secret,
        "Signs what is posted there; needed with `ALERT_WEBHOOK_URL`.",
        "none",
    ),
    Setting(
        "ALERT_WEBHOOK_ALLOW_PRIVATE",
        "off",
        parsing.boolean,
        "Whether that may be an address of the own machine or network.",
    ),
    Setting(
        "STATUS_STUCK_SECONDS",
        "10",
        parsing.seconds(0, 86_400),
        "A model that is busy with one thing for so long is [stuck](../how-to/pages.md#statuses), in "
        "seconds; 0: never.",
    ),
    Setting(
        "STATUS_WORSE_BY",
        "0.25",
        parsing.number(0, 1_000_000),
        "One whose recent metric is worse than that since the upload by more than this share is failing; "
        "0: never.",
    ),
    Setting(
        "STATUS_REFUSED_SHARE",
        "0.5",
        parsing.number(0, 1),
        "So is one that refuses more than this share of the calls of five minutes; 0: never.",
    ),
    Setting(
        "STATUS_P99_MS",
        "0",
        parsing.number(0, 86_400_000),
        "So is one with a higher p99, in milliseconds; 0: never.",
    ),
    Setting(
        "STATUS_TRUTHS_SECONDS",
        "3600",
        parsing.seconds(0, 31_536_000),
        "One that is asked and hears no ground truth for so long has no truths, in seconds; 0: never.",
    ),
    Setting(
        "STATUS_DRIFT_SECONDS",
        "3600",
        parsing.seconds(0, 31_536_000),
        "One in which drift was found within this time is drifting, in seconds; 0: never.",
    ),
    Setting(
        "ALERT_QUIET_LEARNS",
        "1000",
        parsing.whole(1, 1_000_000_000),
        "After so many learns without a further finding an alert of a detector "
        "[is over](../how-to/alerts.md#what-ends-an-alert).",
    ),
    Setting(
        "ALERT_HOLD_SECONDS",
        "30",
        parsing.seconds(0, 1_000_000),
        "For how long a status has to be left before the alert about it is resolved, in seconds.",
    ),
    Setting(
        "AUDIT_DAYS",
        "365",
        parsing.whole(1, 100_000),
        "Time for which the [audit trail](../operations/audit.md) is kept, in days.",
    ),
    Setting(
        "SHUTDOWN_SECONDS",
        "8",
        parsing.seconds(1, 3600),
        "Time that a stop may take to finish what was accepted and to snapshot the models, in seconds.",
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


def markdown_table() -> str:
    """The table of all settings in Markdown, as the documents show it between their `settings` markers."""
    rows = ["| setting | default | meaning | allowed |", "|---|---|---|---|"]
    rows += [
        f"| `{setting.name}` | {setting.default_in_words or f'`{setting.default}`'} | {setting.meaning} "
        f"| {setting.parser.allowed} |"
        for setting in SETTINGS
    ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(markdown_table(), end="")
