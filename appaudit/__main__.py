"""``python -m appaudit``."""

from appaudit.cli.main import run

if __name__ == "__main__":
    run()
