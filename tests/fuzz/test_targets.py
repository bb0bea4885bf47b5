"""The fuzz targets run: on their seeds, and on seeds damaged at random the same way each time."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.targets import all_targets


@pytest.mark.parametrize("name", sorted(all_targets()))
def test_seeds_and_damaged_seeds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from appaudit.apk import app, dexes, second

    # What the target lowers for speed comes back afterwards.
    monkeypatch.setattr(app, "MAX_DEX", app.MAX_DEX)
    monkeypatch.setattr(dexes, "MAX_NESTED", dexes.MAX_NESTED)
    monkeypatch.setattr(dexes, "MAX_NESTED_TOTAL", dexes.MAX_NESTED_TOTAL)
    monkeypatch.setattr(second, "ask", second.ask)
    target, dice = all_targets()[name], random.Random(name)
    for seed in target.seeds():
        target.run(seed)
        for _ in range(100):
            damaged = bytearray(seed)
            for _ in range(dice.randint(1, 8)):
                at = dice.randrange(len(damaged))
                damaged[at : at + dice.randint(0, 2)] = dice.choice([b"", b"\0", b"\xff", *target.words])
            target.run(bytes(damaged[: dice.choice([len(damaged), dice.randrange(len(damaged) + 1)])]))
