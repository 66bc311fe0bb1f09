#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from chantilly_project import starting


def main() -> None:
    """Run one command; a setting that cannot be used is one line and exit code 1."""
    starting.ensure_hash_seed()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", starting.OWN_SETTINGS)
    from chantilly_project.configuration import ConfigurationError
    from chantilly_project.helping import CommandLine

    try:
        CommandLine(sys.argv).execute()
    except ConfigurationError as error:
        sys.exit(f"Configuration error: {error}")


if __name__ == "__main__":
    main()
