"""``python -m appaudit`` and the ``appaudit`` script."""

import sys


def main() -> None:
    """Run the program. Ctrl-C ends it without a traceback, also while its modules are loaded."""
    try:
        from appaudit.cli.main import run

        run()
    except KeyboardInterrupt:
        sys.exit(130)  # as shells have it; never 1, which would say that there are findings


if __name__ == "__main__":
    main()
