"""`manage.py help` says first what is this project's, and how each command is called."""

import shlex

import pytest

from chantilly_project.helping import EXAMPLES, CommandLine, example_of, own_commands


def test_has_an_example_of_each_command_and_of_no_other() -> None:
    assert set(EXAMPLES) == set(own_commands())


@pytest.mark.parametrize("name", EXAMPLES)
def test_shows_an_example_that_the_command_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = CommandLine(["manage.py"]).fetch_command(name)

    command.print_help("manage.py", name)

    shown = " ".join(capsys.readouterr().out.split())
    assert f"Example: {example_of(name)}" in shown
    # What it does not take ends the process.
    command.create_parser("manage.py", name).parse_args(shlex.split(example_of(name))[3:])


def test_lists_ours_first_with_what_they_do() -> None:
    text = CommandLine(["manage.py"]).main_help_text()

    ours, _, others = text.partition("Those of Django")
    assert [line.split()[0] for line in ours.splitlines() if line.startswith("  ")] == list(own_commands())
    assert all(len(line.split()) > 2 for line in ours.splitlines() if line.startswith("  "))
    assert "migrate" in others.split()
    assert "makemigrations" not in ours


def test_leaves_the_names_alone_for_a_shell() -> None:
    names = CommandLine(["manage.py"]).main_help_text(commands_only=True).split()

    assert {"serve", "migrate"} <= set(names)
