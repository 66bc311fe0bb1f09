from typing import Any

import pytest

from chantilly_project import openid, openid_parsing
from chantilly_project.configuration import ConfigurationError
from chantilly_project.setting_table import SETTINGS

COMPLETE = {
    "AUTH_REQUIRED": True,
    "OIDC_ISSUER": "https://accounts.example.org",
    "OIDC_CLIENT_ID": "chantilly",
    "OIDC_CLIENT_SECRET": "known to both",
}


def own(**changes: Any) -> dict[str, Any]:
    """Return the defaults, with changes."""
    return {setting.name: setting.parser.read(setting.default) for setting in SETTINGS[2:]} | changes


class TestIsConfigured:
    def test_says_whether_a_provider_is_named(self) -> None:
        assert not openid.is_configured(own())
        assert openid.is_configured(own(**COMPLETE))

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            (COMPLETE | {"OIDC_CLIENT_ID": ""}, "OIDC_ISSUER is set, but OIDC_CLIENT_ID is not"),
            (COMPLETE | {"OIDC_CLIENT_SECRET": ""}, "OIDC_ISSUER is set, but OIDC_CLIENT_SECRET is not"),
            (COMPLETE | {"AUTH_REQUIRED": False}, "OIDC_ISSUER is set, but AUTH_REQUIRED is off"),
            (COMPLETE | {"OIDC_ISSUER": ""}, "OIDC_CLIENT_ID is set, but OIDC_ISSUER is not"),
            ({"OIDC_CLIENT_SECRET": "x"}, "OIDC_CLIENT_SECRET is set, but OIDC_ISSUER is not"),
            ({"OIDC_GROUPS": {"a": "owner"}}, "OIDC_GROUPS is set, but OIDC_ISSUER is not"),
        ],
    )
    def test_refuses_what_does_not_go_together(self, changes: dict[str, Any], reason: str) -> None:
        with pytest.raises(ConfigurationError, match=reason):
            openid.is_configured(own(**changes))

    def test_asks_for_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(openid, "find_spec", lambda _name: None)

        with pytest.raises(ConfigurationError, match=r"pip install -r requirements-oidc\.txt"):
            openid.is_configured(own(**COMPLETE))


@pytest.mark.parametrize(
    ("parser", "value", "found"),
    [
        (openid_parsing.issuer, "https://accounts.example.org/realms/ml", "https://accounts.example.org/realms/ml"),
        (openid_parsing.issuer, "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        (openid_parsing.issuer, "", ""),
        (openid_parsing.scopes, "openid, groups", ["openid", "groups"]),
        (openid_parsing.groups, "", {}),
        (openid_parsing.groups, "a=1=owner, b=viewer", {"a=1": "owner", "b": "viewer"}),
        (openid_parsing.groups, {"cn=ml,ou=x": "operator"}, {"cn=ml,ou=x": "operator"}),
    ],
)  # fmt: skip
def test_values_are_read(parser: Any, value: object, found: object) -> None:
    assert parser.read(value) == found


@pytest.mark.parametrize(
    ("parser", "value"),
    [
        (openid_parsing.issuer, "http://accounts.example.org"),
        (openid_parsing.issuer, "accounts.example.org"),
        (openid_parsing.issuer, "https://"),
        (openid_parsing.issuer, "https://me:secret@accounts.example.org"),
        (openid_parsing.issuer, "https://accounts.example.org?x=1"),
        (openid_parsing.scopes, "profile"),
        (openid_parsing.scopes, "openid profile"),
        (openid_parsing.groups, "admins=admin"),
        (openid_parsing.groups, "admins"),
        (openid_parsing.groups, "=owner"),
        (openid_parsing.groups, "a=owner,a=viewer"),
        (openid_parsing.groups, {"a": 1}),
    ],
)
def test_wrong_values_are_refused(parser: Any, value: object) -> None:
    with pytest.raises(ValueError):
        parser.read(value)
