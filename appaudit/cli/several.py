"""Run over several inputs so that a bad one never loses the good ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from appaudit.aside import aside, cores
from appaudit.cli.ending import Ending, internal, sentence
from appaudit.cli.output import Delivery
from appaudit.cli.progress import progress
from appaudit.cli.settings import Settings, warn

if TYPE_CHECKING:
    from appaudit.audit import Progress
    from appaudit.bundle import Bundle


def each(
    settings: Settings,
    paths: Sequence[Path],
    work: Callable[[Path, Progress], Bundle],
    delivery: Delivery,
    ending: Ending,
    jobs: int = 0,
) -> None:
    """Do the work and deliver each result at once, in the order of ``paths``.

    ``jobs``: inputs worked on at the same time, 0 for as many as there are cores.
    """
    for number, (path, result) in enumerate(_ahead(paths, work, jobs or cores()), 1):
        what = path.name if len(paths) == 1 else f"{number}/{len(paths)} {path.name}"
        try:
            with progress(settings, what) as step:
                bundle = result(step)
        except Exception as error:  # noqa: BLE001 - whatever breaks on one input, the others are still done
            known = sentence(error)
            told = internal(error, settings.verbose > 0) if known is None else known
            named = path.name in told or str(path) in told
            warn(f"appaudit: {told}" if named else f"appaudit: {path}: {told}")
            ending.fail()
            continue
        delivery.deliver(bundle)
        ending.add(bundle)


def _ahead(
    paths: Sequence[Path], work: Callable[[Path, Progress], Bundle], jobs: int
) -> Iterator[tuple[Path, Callable[[Progress], Bundle]]]:
    """The inputs, each with the function that gives its result; the next ones are worked on meanwhile."""
    if len(paths) == 1 or jobs == 1:
        for path in paths:
            yield path, partial(work, path)
        return
    waiting: deque[tuple[Path, ExitStack, Callable[[], Bundle]]] = deque()
    rest = iter(paths)
    try:
        while True:
            for path in rest:
                stack = ExitStack()
                waiting.append((path, stack, stack.enter_context(aside(partial(work, path, _silent)))))
                if len(waiting) >= jobs:
                    break
            if not waiting:
                return
            path, stack, answer = waiting.popleft()
            with stack:
                yield path, partial(_answered, answer)
    finally:
        for _, stack, _ in waiting:
            stack.close()


def _answered(answer: Callable[[], Bundle], step: Progress) -> Bundle:
    step("reading")
    return answer()


def _silent(_: str) -> None:
    pass
