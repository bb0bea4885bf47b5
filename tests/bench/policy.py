"""Policy reading: milliseconds for 50 kB, and how time grows with length and with hostile text."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from itertools import count, pairwise
from pathlib import Path

from appaudit.policy.document import from_text
from appaudit.policy.read import read, read_loaded
from appaudit.policy.sentences import language_of
from tests.bench.measure import cpu
from tests.corpus import CACHE
from tests.policy.cases import CHINESE, ENGLISH

SIZE = 50_000
LIMIT = 0.1
"""CPU seconds that a policy of ``SIZE`` bytes may take, start-up aside."""
_ROUND = count(1, 1000)
"""Times that all cases stood before a text's first line: far enough apart that no two share a sentence."""
_SHORT = "We collect your IMEI. 我们收集您的IMEI。"
"""Makes the reader ready."""
HOSTILE = (
    "(",
    "IMEI is collected ",
    '"a-',
    "a.b.",
    "将IMEI共享",
    "设备信息、",
    "[a] - ",
    "if you agree we collect ",
)


def text_of(size: int, language: str, first: int = 0) -> str:
    """A policy of about ``size`` bytes: numbered sections over the test sentences, those that name
    us or the reader never twice; its lines are numbered from ``first`` on."""
    cases = ENGLISH if language == "en" else CHINESE
    lines: list[str] = []
    number, written = first, 0
    while written < size:
        lines.append(f"{number // len(cases) + 1}. Section {number}" if number % 8 == 0 else "")
        sentences = [cases[(number + k) % len(cases)][0] for k in range(4)]
        line = " ".join(re.sub(r"(We|we|your|我们|您)", rf"\1 n{number} ", s, count=1) for s in sentences)
        lines.append(line)
        written += len(line.encode())
        number += 1
    return "\n".join(lines)


def read_seconds(text: str, times: int = 1) -> float:
    document = from_text(text)
    return cpu(lambda: read_loaded(document), times)


def growth(times: int, language: str) -> tuple[float, float]:
    """(CPU seconds of a text of ``times`` tenths of ``SIZE``, the same by its mean tenth read alone).

    The tenths are those of a second text, with the same cases in other words: a short text has no easier
    sentences than a long one, and nothing that is kept of a sentence serves it.
    """
    size, cases = times * SIZE // 10, len(ENGLISH if language == "en" else CHINESE)
    whole, parts = [], []
    for _ in range(2):
        whole.append(read_seconds(text_of(size, language, next(_ROUND) * cases)))
        lines = text_of(size, language, next(_ROUND) * cases).split("\n")
        cuts = [len(lines) * i // times for i in range(times + 1)]
        tenths = ("\n".join(lines[a:b]) for a, b in pairwise(cuts))
        parts.append(sum(map(read_seconds, tenths)) / times)
    return min(whole), min(whole) / min(parts)


def told(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms, {seconds / LIMIT:.2f} x its limit"


def grown(times: int, ratio: float) -> str:
    return f"{times}x the text takes {ratio:.1f}x the time, {ratio / times:.2f} x its limit (linear)"


def run() -> list[str]:
    read_loaded(from_text(_SHORT))  # start-up is not counted
    out = []
    for language in ("en", "zh"):
        (ten, ratio), (_, more) = growth(10, language), growth(100, language)
        out.append(
            f"policy {language}, a data word or two in every sentence: {SIZE // 1000} kB in {told(ten)}; "
            f"from {SIZE // 10_000} kB on, {grown(10, ratio)}; {grown(100, more)}"
        )
    for unit in HOSTILE:
        small = read_seconds(unit * (10_000 // len(unit)))
        large = read_seconds(unit * (40_000 // len(unit)))
        out.append(f"policy, nothing but {unit!r}: 4x the text takes {large / max(small, 1e-6):.1f}x")
    longest = max((read_seconds(unit * (10_000_000 // len(unit))), unit) for unit in HOSTILE)
    out.append(f"policy, 10 MB of nothing but one of these: at most {longest[0]:.1f} s ({longest[1]!r})")
    for policy in sorted((CACHE.parents[2] / "shared" / "policies").glob("*.txt")):
        text = policy.read_text(encoding="utf-8")
        share = SIZE / len(text.encode())
        reading, whole = (share * seconds for seconds in first_seconds(policy))
        again = share * read_seconds(text, 5)
        out.append(
            f"policy {policy.stem[:3]} of ../shared ({language_of(text)}), {SIZE // 1000} kB of it: first "
            f"reading {told(reading)}; with loading it and judging whether it is complete {told(whole)}; "
            f"read again {told(again)}"
        )
    return out


def first_seconds(policy: Path) -> tuple[float, float]:
    """(reading, and with loading and judging) a policy as the first but for a short one: CPU seconds, the
    least of three processes each."""
    command = [sys.executable, "-m", __spec__.name]
    ran = [
        [subprocess.run([*command, kind, str(policy)], check=True, capture_output=True) for _ in range(3)]
        for kind in ("reading", "whole")
    ]
    reading, whole = (min(float(one.stdout) for one in some) for some in ran)
    return reading, whole


def _first(kind: str, policy: Path) -> float:
    """CPU seconds of the first reading in this process but for a short text's."""
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder) / "short.txt"
        short.write_text(_SHORT, encoding="utf-8")
        read([short])
    if kind == "whole":
        return cpu(lambda: read([policy]), 1)
    return read_seconds(policy.read_text(encoding="utf-8"))


if __name__ == "__main__":
    print(_first(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) > 1 else "\n".join(run()))
