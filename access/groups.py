"""Groups of people, with the scopes that tokens have."""

from models_app.domain.scopes import LEARN, MANAGE, PREDICT, READ

#: By the group's name, which is how it is known.
SCOPES_BY_GROUP: dict[str, frozenset[str]] = {
    "viewer": frozenset({READ}),
    "operator": frozenset({PREDICT, LEARN, READ}),
    "owner": frozenset({PREDICT, LEARN, READ, MANAGE}),
}
