"""Coverage-guided fuzzing: ``python -m tests.fuzz --minutes 60 [--target axml …]``.

Needs atheris (``pip install atheris``). Inputs that found new paths are kept under
``.cache/fuzz/<target>``, failing ones under ``.cache/fuzz/<target>-failures``. Exit code 1 where a
target failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

SLICE = 180
"""Seconds of one process: the fuzzer itself keeps some 20 kB an input, which would add up to the limit."""
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "fuzz"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1, help="for all targets together")
    parser.add_argument("--target", action="append", help="repeatable; all where none is named")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if options.child:
        return _child(options.child, rest)
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("Fuzzing needs atheris: pip install atheris", file=sys.stderr)
        return 2
    from tests.fuzz.targets import all_targets

    targets = all_targets()
    names = options.target or sorted(targets)
    failed = []
    for name in names:
        corpus, failures = CACHE / name, CACHE / f"{name}-failures"
        corpus.mkdir(parents=True, exist_ok=True)
        failures.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(targets[name].seeds()):
            (corpus / f"seed{number}").write_bytes(seed)
        words = CACHE / f"{name}.dict"
        lines = ("".join(f"\\x{byte:02x}" for byte in word) for word in targets[name].words)
        words.write_text("".join(f'"{line}"\n' for line in lines))
        command = [
            *(sys.executable, "-m", "tests.fuzz", "--child", name, str(corpus)),
            f"-dict={words}",
            f"-artifact_prefix={failures}/",
            *("-timeout=20", "-rss_limit_mb=1500", "-max_len=16384", "-print_final_stats=1", "-verbosity=0"),
        ]
        code, left = 0, max(1, int(60 * options.minutes / len(names)))
        while left > 0 and code == 0:
            slice_ = f"-max_total_time={min(left, SLICE)}"
            code = subprocess.run([*command, slice_], check=False, cwd=CACHE.parents[1]).returncode
            left -= SLICE
        print(f"{name}: {f'failed, see {failures}' if code else 'ok'}", flush=True)
        if code:
            failed.append(name)
    return 1 if failed else 0


def _child(name: str, arguments: list[str]) -> int:
    import atheris

    with atheris.instrument_imports(include=["appaudit"]):
        from tests.fuzz.targets import all_targets

        target = all_targets()[name]
    atheris.Setup([name, *arguments], target.run)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
