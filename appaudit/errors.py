"""The two ways a run can fail that are the user's to mend; the CLI prints one sentence and exits 2."""


class InputError(Exception):
    """An input that cannot be read at all. The message is one clear sentence for the user."""


class MissingExtraError(Exception):
    """A command needs packages that the light installation does not carry."""

    def __init__(self, command: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"'{command}' needs the '{extra}' extra: pip install 'appaudit[{extra}]'")
