"""A group of commands whose `read` needs no naming."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class ReadByDefault(TyperGroup):
    """``policy FILE`` is ``policy read FILE``; a file named as a command is reached as ``./diff``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help", "-h"):
            args = ["read", *args]
        return super().parse_args(ctx, args)
