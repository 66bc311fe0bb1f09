"""How the options of a command say that a file is written."""

from django.core.management.base import CommandParser

from models_app.management import dialects


def test_the_help_shows_how_a_tab_is_given() -> None:
    parser = CommandParser()
    dialects.add_arguments(parser)

    assert r"\t is a tab" in " ".join(parser.format_help().split())
