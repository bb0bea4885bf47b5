"""A phone for tests: what its shell answers, with a state; behind the real adb (see `adbd`).

A command is split as a shell would. What a shell would do with more than one command is refused: the program
under test must never send such.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping

from tests.dynamic.adbd import Adbd

EXIT = "; echo X4EXIT:$?"
"""What adbutils appends to ask for the exit code."""
Answer = tuple[int, bytes]
NODE = '<node text="{}" package="{}" clickable="{}" bounds="[0,{}][1080,{}]"/>'
PROPERTIES = {
    "ro.product.cpu.abi": "arm64-v8a", "ro.build.version.sdk": "34", "ro.product.model": "Standin",
    "ro.build.version.release": "14", "persist.sys.locale": "zh-Hans-CN",
}  # fmt: skip


def views(package: str, *nodes: tuple[str, bool]) -> bytes:
    """A dump of uiautomator: (text, whether it can be tapped), one row of 100 pixels each."""
    inside = "".join(
        NODE.format(text, package, str(tap).lower(), 100 * row, 100 * row + 100)
        for row, (text, tap) in enumerate(nodes)
    )
    return f"<?xml version='1.0' encoding='UTF-8'?><hierarchy rotation=\"0\">{inside}</hierarchy>".encode()


class Phone:
    """``packages``: package → paths of its APKs; ``answers``: first words → exit code and output."""

    def __init__(self) -> None:
        self.packages: dict[str, list[str]] = {}
        self.settings: dict[str, str] = {}
        self.running: set[str] = set()
        self.properties = dict(PROPERTIES)
        self.answers: dict[str, Callable[[list[str]], Answer]] = {}
        self.ahead = 30.0
        self.screen = views(
            "com.example.shop", ("请阅读《隐私政策》", False), ("不同意", True), ("同意并继续", True)
        )
        self.sent: list[list[str]] = []
        self.device: Adbd | None = None

    def __call__(self, command: str) -> bytes:
        asked = command.endswith(EXIT)
        words = shlex.split(command.removesuffix(EXIT))
        plain = shlex.join(words) == command.removesuffix(EXIT)
        assert plain, f"not one quoted command: {command}"
        self.sent.append(words)
        code, said = self.answer(words)
        return said + (f"X4EXIT:{code}\n".encode() if asked else b"")

    def answer(self, words: list[str]) -> Answer:
        for size in range(min(len(words), 4), 0, -1):
            if (own := self.answers.get(" ".join(words[:size]))) is not None:
                return own(words)
        found = self.known(words)
        return (127, f"/system/bin/sh: {words[0]}: not found\n".encode()) if found is None else (0, found)

    def known(self, words: list[str]) -> bytes | None:
        match words:
            case ["getprop", name]:
                return self.properties.get(name, "").encode() + b"\n"
            case ["settings", "get", _, name]:
                return self.settings.get(name, "null").encode() + b"\n"
            case ["settings", "put", _, name, value]:
                self.settings[name] = value
                return b""
            case ["cat", _]:
                return self.screen
            case ["date", _]:
                return f"{time.time() + self.ahead:.9f}\n".encode()
            case ["pidof", name]:
                return b"4711\n" if name in self.running else b""
            case ["pm", "path", name]:
                return "".join(f"package:{p}\n" for p in self.packages.get(name, ())).encode()
            case ["pm", "install-create", *_]:
                return b"Success: created install session [71]\n"
            case ["pm", "install-write" | "install-commit" | "install-abandon", *_]:
                return b"Success\n"
            case ["am", "force-stop", name]:
                self.running.discard(name)
                return b""
            case ["monkey", "-p", name, *_]:
                self.running.add(name)
                return b"Events injected: 1\n"
            case ["am", "broadcast", *_]:
                return b"Broadcasting: Intent\nBroadcast completed: result=0\n"
            case ["screencap", *_]:
                return b"\x89PNG\r\n\x1a\n\r\n"
            case ["ping", *_, host]:
                return f"PING {host} (93.184.216.34) 56(84) bytes of data.\n".encode()
            case ["echo", *rest]:
                return " ".join(rest).encode() + b"\n"
            case ["id"]:
                return b"uid=2000(shell) gid=2000(shell)\n"
            case ["pm" | "input" | "rm" | "wm" | "uiautomator" | "am" | "logcat" | "dumpsys", *_]:
                return b""
        return None


def said(text: str, code: int = 0) -> Callable[[list[str]], Answer]:
    """An answer that is always the same."""
    return lambda _: (code, text.encode())


def answers(**texts: str) -> Mapping[str, Callable[[list[str]], Answer]]:
    """Answers by the first word."""
    return {name: said(text) for name, text in texts.items()}
