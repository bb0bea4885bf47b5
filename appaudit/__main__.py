"""``python -m appaudit`` and the ``appaudit`` script."""

import gc
import signal
import sys
import threading


def main() -> None:
    """Run the program. Ctrl-C ends it without a traceback, also while its modules are loaded."""
    sys.unraisablehook = _unraised
    # Modules and records are many and hold no cycles: collecting as often as the default does costs a tenth.
    gc.set_threshold(200_000, 20, 50)
    try:
        from appaudit.cli.main import run

        run()
    except KeyboardInterrupt:
        sys.exit(130)  # as shells have it; never 1, which would say that there are findings


def _unraised(lost: "sys.UnraisableHookArgs") -> None:
    """A Ctrl-C that met a callback of Python's own, which drops what is raised in it, counts all the same."""
    if lost.exc_type is KeyboardInterrupt:
        # Again from beside, since here it would be dropped as well; by a signal, which also ends a wait.
        threading.Timer(0.05, signal.pthread_kill, (threading.get_ident(), signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(lost)


if __name__ == "__main__":
    main()
