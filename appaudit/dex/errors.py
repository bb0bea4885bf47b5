"""What a dex reader can fail with."""

from __future__ import annotations

from appaudit.errors import InputError


class DexError(InputError):
    """A dex file, or one part of it, that cannot be read. The message is one sentence."""
