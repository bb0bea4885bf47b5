"""Precision and recall of what is found in traffic, against typed patterns on the same flows.

`python -m tests.score_traffic`. Planted: an IMEI in every encoding of tests/traffic/encodings.py.
Clean: 500 flows full of order numbers, UUIDs, digests and timestamps. The other approach is the usual one
of analysis services: regular expressions over the text of a request and over its base64 parts. It is not
told the device's values, which is the difference that is measured.
"""

from __future__ import annotations

import base64
import binascii
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from appaudit.records import Gap
from appaudit.traffic.facts import facts_of
from appaudit.traffic.flow import Flow, Message
from appaudit.traffic.identifiers import Values
from tests.traffic.encodings import IMEI, KEY, ROWS
from tests.traffic.test_recordings import clean_entry

PATTERNS = {
    "imei": re.compile(r"(?<!\d)\d{15}(?!\d)"),
    "mac": re.compile(r"(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}"),
    "phone_number": re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"),
    "android_id": re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{16}(?![0-9a-zA-Z])"),
    "oaid": re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
}
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


@dataclass(slots=True)
class Score:
    """Counted in (flow, data type) pairs."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def line(self, name: str) -> str:
        precision = self.right / ((self.right + self.wrong) or 1)
        recall = self.right / ((self.right + self.missed) or 1)
        counts = f"{self.right} right, {self.wrong} wrong, {self.missed} missed"
        return f"{name:<18} precision {precision:.3f}  recall {recall:.3f}  ({counts})"


def by_patterns(flow: Flow) -> set[str]:
    texts = [flow.url, flow.request.body.decode("utf-8", "replace")]
    for token in _BASE64.findall(texts[1]):
        try:
            texts.append(base64.b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "replace"))
        except binascii.Error:
            continue
    return {kind for kind, pattern in PATTERNS.items() if any(pattern.search(t) for t in texts)}


def flows() -> Iterator[tuple[Flow, set[str]]]:
    """(flow, the data types that really are in it)."""
    for name, row in ROWS.items():
        headers = [("Content-Type", row.content_type)]
        if row.content_encoding:
            headers.append(("Content-Encoding", row.content_encoding))
        message = Message(tuple(headers), row.body())
        yield Flow(name, "POST", f"https://{name}.example/", request=message), {"imei"}
    rng = random.Random(20261122)
    for number in range(500):
        request = clean_entry(rng, number)["request"]
        body = json.dumps(json.loads(request["postData"]["text"])).encode()
        yield Flow(f"clean{number}", "POST", request["url"], request=Message((), body)), set()


def scores() -> tuple[Score, Score]:
    """(ours, the patterns')."""
    values = Values({"imei": [IMEI]}, [KEY])
    ours, patterns = Score(), Score()
    for flow, truth in flows():
        gaps: list[Gap] = []
        found = {f.subject.partition(":")[2] for f in facts_of([flow], values, gaps) if f.action == "sends"}
        for score, said in ((ours, found), (patterns, by_patterns(flow))):
            score.right += len(said & truth)
            score.wrong += len(said - truth)
            score.missed += len(truth - said)
    return ours, patterns


def main() -> None:
    ours, patterns = scores()
    print(f"traffic: {len(ROWS)} encodings, 500 clean flows")
    print("  " + ours.line("device's values"))
    print("  " + patterns.line("typed patterns"))


if __name__ == "__main__":
    main()
