"""Policy reading: milliseconds for 50 kB, and how time grows with length and with hostile text."""

from __future__ import annotations

import re

from appaudit.policy.document import from_text
from appaudit.policy.read import read_loaded
from appaudit.policy.sentences import language_of
from tests.bench.measure import cpu
from tests.corpus import CACHE
from tests.policy.cases import CHINESE, ENGLISH

SIZE = 50_000
LIMIT = 0.1
"""CPU seconds that a policy of ``SIZE`` bytes may take, start-up aside."""
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


def text_of(size: int, language: str) -> str:
    """A policy of about ``size`` bytes: numbered sections over the test sentences, none twice."""
    cases = ENGLISH if language == "en" else CHINESE
    lines: list[str] = []
    count, written = 0, 0
    while written < size:
        lines.append(f"{count // len(cases) + 1}. Section {count}" if count % 8 == 0 else "")
        sentences = [cases[(count + k) % len(cases)][0] for k in range(4)]
        line = " ".join(re.sub(r"(We|we|your|我们|您)", rf"\1 n{count} ", s, count=1) for s in sentences)
        lines.append(line)
        written += len(line.encode())
        count += 1
    return "\n".join(lines)


def read_seconds(text: str, times: int = 1) -> float:
    document = from_text(text)
    return cpu(lambda: read_loaded(document), times)


def told(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms, {seconds / LIMIT:.2f} x its limit"


def run() -> list[str]:
    read_loaded(from_text("We collect your IMEI. 我们收集您的IMEI。"))  # start-up is not counted
    out = []
    for language in ("en", "zh"):
        one = read_seconds(text_of(SIZE // 10, language), 5)
        ten = read_seconds(text_of(SIZE, language), 3)
        hundred = read_seconds(text_of(10 * SIZE, language))
        out.append(
            f"policy {language}, a data word or two in every sentence: {SIZE // 1000} kB in {told(ten)}; "
            f"from {SIZE // 10_000} kB on, "
            f"10x the text takes {ten / one:.1f}x, 100x takes {hundred / one:.0f}x"
        )
    for unit in HOSTILE:
        small = read_seconds(unit * (10_000 // len(unit)))
        large = read_seconds(unit * (40_000 // len(unit)))
        out.append(f"policy, nothing but {unit!r}: 4x the text takes {large / max(small, 1e-6):.1f}x")
    longest = max((read_seconds(unit * (10_000_000 // len(unit))), unit) for unit in HOSTILE)
    out.append(f"policy, 10 MB of nothing but one of these: at most {longest[0]:.1f} s ({longest[1]!r})")
    for policy in sorted((CACHE.parents[2] / "shared" / "policies").glob("*.txt")):
        text = policy.read_text(encoding="utf-8")
        took = read_seconds(text, 5) / len(text.encode()) * SIZE
        found = language_of(text)
        out.append(f"policy {policy.stem[:3]} of ../shared ({found}): {told(took)} for {SIZE // 1000} kB")
    return out


if __name__ == "__main__":
    print("\n".join(run()))
