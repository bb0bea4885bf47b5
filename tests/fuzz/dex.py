"""Fuzz target for the dex reader: ``python -m tests.fuzz.dex [seconds] [dex or apk …]``.

With atheris installed it is coverage-guided; without, it mutates the seeds at random. Any exception
but DexError, and any input that takes over ten seconds, is a crash: the input is kept in
``.cache/fuzz/`` and the command ends with 1.
"""

from __future__ import annotations

import random
import re
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from appaudit.dex import (
    Callback,
    CallGraph,
    ConstantTracer,
    DexError,
    Hierarchy,
    Target,
    call_sites,
    read_dexes,
    string_index_sites,
    string_sites,
    type_sites,
)

CRASHES = Path(__file__).resolve().parents[2] / ".cache" / "fuzz"
SLOW = 10.0
MAX_SITES = 200
SPECIAL = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x200, 0x300, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def ask(data: bytes) -> list[str]:
    """Asks everything the engine answers; returns the problems it tells of. Raises DexError."""
    dexes = read_dexes(data, "fuzz.dex")[:8]
    hierarchy = Hierarchy(dexes, {"La/C;": ["Ljava/lang/Object;"]})
    sites = call_sites(
        dexes, [Target("La/B;", "use"), Target(None, "go"), Target("La/B;", "KEY", kind="field")]
    )
    names = call_sites(
        dexes, [Target(*d.method_name(m)) for d in dexes for m in range(min(8, len(d.methods.owner)))]
    )
    tracer = ConstantTracer(dexes)
    for found in (sites, names, string_sites(dexes, ["imei", "content://sms"]), type_sites(dexes, ["La/B;"])):
        tracer.materialise(found.where(slice(MAX_SITES)))
    for number, dex in enumerate(dexes):
        dex.strings_matching(re.compile(rb"[a-z]+://"))
        tracer.materialise(
            string_index_sites(dexes, number, dex.strings.with_prefix("c")).where(slice(MAX_SITES))
        )
        dex.count_prefixes(["La/", "L"])
        for name in dex.class_names()[:20]:
            dex.static_values(name)
            dex.class_annotations(name)
        for index in range(min(len(dex.fields.owner), 20)):
            dex.field_descriptor(index)
    graph = CallGraph(dexes, [Callback("Ljava/lang/Runnable;", "run")], hierarchy=hierarchy)
    reach = graph.reachable(["La/B;", "La/B;->run()V"])
    for dex in dexes:
        for method in range(min(8, len(dex.methods.owner))):
            reach.path(dex.method_descriptor(method))
    return [problem for dex in dexes for problem in dex.problems]


def one(data: bytes) -> None:
    """One input; a crash or a slow one is kept and raised."""
    start = time.process_time()
    try:
        ask(data)
    except DexError:
        pass
    except Exception:
        _keep(data, "crash")
        raise
    if time.process_time() - start > SLOW:
        _keep(data, "slow")
        raise TimeoutError(f"one input of {len(data)} bytes took over {SLOW} s")


def _keep(data: bytes, kind: str) -> None:
    CRASHES.mkdir(parents=True, exist_ok=True)
    (CRASHES / f"dex-{kind}-{abs(hash(data)):x}").write_bytes(data)


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A few bytes, words or blocks changed, mostly in the header and tables."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 12))):
        limit = chance.choice((0x78, 0x400, len(out)))
        at = chance.randrange(min(limit, len(out)))
        kind = chance.randrange(5)
        width = chance.choice((1, 2, 4))
        if kind == 0:
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            out[at : at + width] = (chance.choice(SPECIAL) & (1 << 8 * width) - 1).to_bytes(width, "little")
        elif kind == 2:
            old = int.from_bytes(out[at : at + width], "little")
            new = (old + chance.choice((-4, -2, -1, 1, 2, 4, 16))) & (1 << 8 * width) - 1
            out[at : at + width] = new.to_bytes(width, "little")
        elif kind == 3:
            other, size = chance.randrange(len(out)), chance.randrange(1, 64)
            out[at : at + size] = out[other : other + size]
        elif chance.random() < 0.2:
            del out[at + 0x70 :]
    return bytes(out)


def seeds(paths: list[str]) -> Iterator[bytes]:
    """The dex files to start from: those given, or small ones written here."""
    for path in map(Path, paths):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield from (archive.read(n) for n in archive.namelist() if n.endswith(".dex"))
        else:
            yield path.read_bytes()
    if not paths:
        from tests.dex.test_hostile import seed

        yield from (seed(0), seed(1))


def plain(start: list[bytes], seconds: float) -> int:
    """Random mutation for some seconds; returns the number of inputs."""
    chance = random.Random(time.time_ns())
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        one(mutate(chance.choice(start), chance))
        count += 1
    return count


def guided(start: list[bytes], seconds: float) -> None:
    """Coverage-guided, with atheris; does not return."""
    import atheris

    corpus = CRASHES / "dex-corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for k, data in enumerate(start):
        (corpus / f"seed-{k}").write_bytes(data)
    target: Callable[[bytes], None] = atheris.instrument_func(one)
    atheris.instrument_all()
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={int(seconds)}",
            f"-timeout={int(SLOW)}",
            "-max_len=20000",
            str(corpus),
        ],
        target,
    )
    atheris.Fuzz()


def main() -> int:
    """Runs for the seconds given (60)."""
    arguments = sys.argv[1:]
    seconds = float(arguments.pop(0)) if arguments and arguments[0].isdigit() else 60.0
    start = list(seeds(arguments))
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("atheris is not installed: mutating at random")
        print(f"{plain(start, seconds):,} inputs, no crash")
        return 0
    guided(start, seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
