import pytest

from chantilly_project import parsing
from chantilly_project.parsing import Parser


class TestParsers:
    @pytest.mark.parametrize(
        ("parser", "written", "expected"),
        [
            (parsing.boolean, "on", True),
            (parsing.boolean, "False", False),
            (parsing.boolean, " 1 ", True),
            (parsing.boolean, 0, False),
            (parsing.boolean, True, True),
            (parsing.whole(1, 9), "9", 9),
            (parsing.whole(1, 9), 1, 1),
            (parsing.number(0, 2), "0.5", 0.5),
            (parsing.seconds(0, 2), 2, 2.0),
            (parsing.size, "16M", 16 * 1024 * 1024),
            (parsing.size, "1 g", 1024**3),
            (parsing.size, "2K", 2048),
            (parsing.size, "7", 7),
            (parsing.size, 7, 7),
            (parsing.choice("FULL", "NORMAL"), "normal", "NORMAL"),
            (parsing.hosts, "a.org, .b.org,", ["a.org", ".b.org"]),
            (parsing.hosts, ["a.org"], ["a.org"]),
            (parsing.hosts, ("*",), ["*"]),
            (
                parsing.origins,
                "https://a.org:8443,https://*.b.org",
                ["https://a.org:8443", "https://*.b.org"],
            ),
            (parsing.database_url, "sqlite:///data.sqlite3", "sqlite:///data.sqlite3"),
            (parsing.rates, "", {}),
            (parsing.rates, "learn=5/second, manage=1 / hour", {"learn": (5, 1.0), "manage": (1, 3600.0)}),
            (parsing.rates, {"predict": "9/minute"}, {"predict": (9, 60.0)}),
            (parsing.rates, {"": "9/m", "/api/learn": "1/s"}, {"": (9, 60.0), "/api/learn": (1, 1.0)}),
            (
                parsing.rates,
                "learn=5/s,/api/predict=50/s,7/h",
                {"learn": (5, 1.0), "/api/predict": (50, 1.0), "": (7, 3600.0)},
            ),
            (parsing.redis_url, "", ""),
            (parsing.webhook_url, "", ""),
            (parsing.webhook_url, "https://a.org:8443/x?y=1", "https://a.org:8443/x?y=1"),
            (parsing.webhook_url, "http://[::1]/", "http://[::1]/"),
            (parsing.webhook_secret, "whsec_" + "aGFs" * 8, "whsec_" + "aGFs" * 8),
            (parsing.webhook_secret, "aGFs" * 8, "aGFs" * 8),
            (parsing.redis_url, "rediss://:secret@cache:6379/1", "rediss://:secret@cache:6379/1"),
        ],
    )
    def test_read_what_is_allowed(self, parser: Parser, written: object, expected: object) -> None:
        found = parser.read(written)

        assert found == expected
        assert type(found) is type(expected)

    @pytest.mark.parametrize(
        ("parser", "written"),
        [
            (parsing.boolean, "yes!"),
            (parsing.boolean, None),
            (parsing.boolean, 2),
            (parsing.whole(1, 9), "10"),
            (parsing.whole(1, 9), "1.0"),
            (parsing.whole(1, 9), 1.0),
            (parsing.whole(0, 9), True),
            (parsing.number(0, 2), "nan"),
            (parsing.number(0, 2), "-1"),
            (parsing.number(0, 2), False),
            (parsing.number(0, 2), None),
            (parsing.webhook_url, "ftp://a.org/"),
            (parsing.webhook_url, "https:///x"),
            (parsing.webhook_url, "https://me:secret@a.org/"),
            (parsing.webhook_url, "https://a.org:99999/"),
            (parsing.webhook_url, "https://a.org:0/"),
            (parsing.webhook_url, "https://a.org/#x"),
            (parsing.webhook_url, "https://a.org/x y"),
            (parsing.webhook_url, "https://a.org/x\r\nHost: b.org"),
            (parsing.webhook_url, "https://ä.org/"),
            (parsing.webhook_url, None),
            (parsing.webhook_secret, "whsec_short"),
            (parsing.webhook_secret, "whsec_" + "aGFs" * 7),
            (parsing.webhook_secret, "whsec_" + "aGFs" * 22),
            (parsing.webhook_secret, "whsec_" + "!" * 40),
            (parsing.size, "0"),
            (parsing.size, "-1"),
            (parsing.size, "1.5M"),
            (parsing.size, "16T"),
            (parsing.size, True),
            (parsing.choice("FULL"), "off"),
            (parsing.choice("FULL"), 1),
            (parsing.text(at_least=3, allowed=""), "  ab "),
            (parsing.hosts, "http://a.org"),
            (parsing.hosts, 7),
            (parsing.hosts, [7]),
            (parsing.origins, "a.org"),
            (parsing.origins, "https://a.org/path"),
            (parsing.origins, ["https://a.org?x=1"]),
            (parsing.database_url, "sqlite://"),
            (parsing.database_url, "sqlite:///"),
            (parsing.database_url, "sqlite:///:memory:"),
            (parsing.database_url, "mysql://me@db/data"),
            (parsing.database_url, "postgresql://me@db/"),
            (parsing.database_url, "postgresql://me@db:x/data"),
            (parsing.rates, "write=1/second"),
            (parsing.rates, "learn=0/second"),
            (parsing.rates, "learn=1/day"),
            (parsing.rates, "learn"),
            (parsing.rates, "learn=1/second,learn=2/second"),
            (parsing.rates, "1/second,2/second"),
            (parsing.rates, "api/learn=1/second"),
            (parsing.rates, {"learn": 1}),
            (parsing.redis_url, "http://cache"),
        ],
    )
    def test_refuse_everything_else(self, parser: Parser, written: object) -> None:
        with pytest.raises(ValueError):
            parser.read(written)
