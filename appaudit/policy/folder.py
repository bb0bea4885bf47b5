"""The declared documents of one app, read together: a policy, its lists, its rules for children.

A folder stands for the files in it. Documents refer to each other by title (《…》, <…>, “…”) and by link;
a list or supplement that is named but was not given is a Gap, because what it declares is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from appaudit.errors import InputError
from appaudit.knowledge.load import toml
from appaudit.policy.document import LoadedDocument, lines_read
from appaudit.policy.literals import Search, sought
from appaudit.policy.load import load
from appaudit.policy.nature import role_of
from appaudit.records import Gap

MAX_FILES = 200
SUFFIXES = frozenset(
    """.txt .text .md .markdown .htm .html .xhtml .shtml .mht .mhtml .pdf .docx .doc .rtf .csv .tsv .xlsx
    .xls""".split()  # noqa: SIM905
)
"""What counts as a document in a folder; a file named by itself may have any name."""

_TITLE = re.compile(
    r"《([^《》\n]{2,80})》|〈([^〈〉\n]{2,80})〉|<([^<>\n]{4,100})>|[“\"]([^“”\"\n]{4,100})[”\"]"
)
_FOLD = re.compile(r"[\s\W_]+")


@dataclass(frozen=True, slots=True)
class Gathered:
    """Documents that could be read, and the gaps that are of no one document's own text."""

    documents: tuple[LoadedDocument, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a document names another: the title as written, its line, the link's target if it has one."""

    title: str
    document: str
    line: int
    target: str = ""


def gather(paths: Sequence[Path], progress: Callable[[str], None] | None = None) -> Gathered:
    """Loads the documents at ``paths``, folders included. Raises InputError when none can be read.

    Document names are unique: those of a folder are relative to it. A file given twice is read once.
    """
    gaps: list[Gap] = []
    documents: list[LoadedDocument] = []
    failures: list[str] = []
    seen: set[str] = set()
    for name, path in _files(paths, gaps):
        if progress is not None:
            progress(f"reading {name}")
        try:
            document = load(path)
        except InputError as error:
            failures.append(str(error))
            gaps.append(Gap("policy", "unreadable_document", name, str(error)))
            continue
        if document.sha256 in seen:
            continue
        seen.add(document.sha256)
        gaps += [replace(gap, scope=name) if gap.scope == document.name else gap for gap in document.gaps]
        documents.append(replace(document, name=name, gaps=()))
    if not any(line.strip() for document in documents for line in document.lines):
        if documents and not failures:
            failures = [gap.reason for gap in gaps]
        raise InputError("no document could be read: " + "; ".join(failures or ["there is none"]))
    return Gathered(tuple(documents), (*gaps, *missing(documents)))


def _files(paths: Sequence[Path], gaps: list[Gap]) -> list[tuple[str, Path]]:
    out: list[tuple[str, Path]] = []
    for path in paths:
        if not path.is_dir():
            out.append((path.name, path))
            continue
        inside = sorted(p for p in _walk(path, 0) if p.suffix.lower() in SUFFIXES)
        if not inside:
            gaps.append(Gap("policy", "unreadable_document", path.name, "the folder holds no document"))
        out += [(p.relative_to(path).as_posix(), p) for p in inside]
    if len(out) > MAX_FILES:
        reason = f"only the first {MAX_FILES} of {len(out)} documents were read"
        gaps.append(Gap("policy", "document_cut", "documents", reason))
        out = out[:MAX_FILES]
    names: dict[str, int] = {}
    unique = []
    for name, path in out:
        names[name] = names.get(name, 0) + 1
        unique.append((name if names[name] == 1 else f"{path.parent.name}/{name} ({names[name]})", path))
    return unique


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """Files under ``folder``, hidden ones and links that lead elsewhere left out."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith((".", "~$")) or entry.is_symlink():
            continue
        if entry.is_dir() and depth < 4:
            yield from _walk(entry, depth + 1)
        elif entry.is_file():
            yield entry


def _wanted(title: str) -> bool:
    """Whether a title is that of a list or supplement of the app's own publisher."""
    role, low = role_of(title), title.lower()
    if role not in toml("documents.toml")["missing"]["roles"] or _says(low, "no_document"):
        return False
    return _says(low, "sdk_list" if role == "sdk_list" else "document")


def _says(low: str, key: str) -> bool:
    """Whether a title in lower case holds words of ``key``."""
    return any(search(low) for search in _words(key))


@cache
def _words(key: str) -> tuple[Search, ...]:
    return tuple(map(sought, toml("documents.toml")["missing"][key]))


def references(document: LoadedDocument) -> Iterator[Reference]:
    """The lists and supplements ``document`` names, by title or by link."""
    for line, start, end, target in document.links:
        words = document.lines[line - 1][start:end].strip("《》〈〉<>“”\"' ")
        if 2 < len(words) <= 100 and _wanted(words):
            yield Reference(words, document.name, line, target)
    for number, text in enumerate(lines_read(document)[0], 1):
        if len(text) > 100_000 or not any(map(text.__contains__, '《〈<“"')):
            continue
        for match in _TITLE.finditer(text):
            words = next(group for group in match.groups() if group).strip()
            if _wanted(words):
                yield Reference(words, document.name, number)


def missing(documents: Sequence[LoadedDocument]) -> list[Gap]:
    """One Gap for each title that is referred to and resolves to none of ``documents``.

    A title resolves to a document of that title, to the only kind of list of its role that was given, to
    the file its link names, or to a chapter of that name in any of the documents.
    """
    out: dict[str, Gap] = {}
    given = {fold(d.title) for d in documents} | {fold(_stem(d.name)) for d in documents}
    roles = {d.role for d in documents}
    names = {_stem(d.name).lower() for d in documents}
    chapters: set[str] | None = None
    for document in documents:
        for reference in references(document):
            key = fold(reference.title)
            if key in out or any(
                key in title or (len(title) > 3 and title in key) for title in given if title
            ):
                continue
            if role_of(reference.title) in roles - {"policy"} or reference.target.startswith("#"):
                continue
            file = reference.target.split("#")[0].split("?")[0].rsplit("/", 1)[-1]
            if file and _stem(file).lower() in names:
                continue
            chapters = _chapters(documents) if chapters is None else chapters
            if key in chapters:
                continue
            where = f"{reference.document}, line {reference.line}"
            reason = f"{where}, refers to it and it was not given; what it declares was not examined"
            out[key] = Gap("policy", "missing_document", reference.title, reason)
    return list(out.values())


def _chapters(documents: Sequence[LoadedDocument]) -> set[str]:
    """Short lines that stand alone, their number taken off: headings a title may mean."""
    out = set()
    for document in documents:
        for line in lines_read(document)[0]:
            if 2 < len(line) <= 120 and not _CLAUSES.search(line) and not _TITLE.search(line):
                bare = _NUMBER.sub("", line)
                out.add(fold(bare))
                out.add(fold(bare.split("：")[-1].split(":")[-1]))
    return out


_CLAUSES = re.compile(r"[。；;，,]|\. ")
_NUMBER = re.compile(
    r"^\s*(?:(?:附录|附件|附|appendix|annex|schedule)\s*[一二三四五六七八九十\dA-Za-z]{0,3}[\s：:.、]*"
    r"|第?[(（]?[一二三四五六七八九十\d.]{1,6}[)）]?[章节条]?[、.．\s]+)+",
    re.IGNORECASE,
)


def fold(title: str) -> str:
    """A title for comparing: letters and digits only, lower case."""
    return _FOLD.sub("", title).lower()


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
