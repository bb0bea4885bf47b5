"""The table of formats: every one writes every document it says it can."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from appaudit.bundle import Bundle
from appaudit.report import FORMATS
from tests.report.sample import audit
from tests.report.test_data_safety import form


def bundle() -> Bundle:
    view = audit()
    return Bundle(
        app=view.app,
        documents=list(view.documents),
        texts=dict(view.texts),
        facts=list(view.facts),
        gaps=list(view.gaps),
        findings=[replace(f, rule="undeclared-data") for f in view.findings],
        coverage=dict(view.coverage),
        tool=dict(view.tool),
        knowledge=dict(view.knowledge),
    )


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_every_document(name: str) -> None:
    format_ = FORMATS[name]
    for command in format_.commands:
        for lang in ("zh", "en"):
            data = format_.write(bundle(), lang, command, form=form())
            assert len(data) > 50
            if not format_.binary:
                data.decode("utf-8")


def test_the_table_itself_loads_no_writer() -> None:
    code = (
        "import sys, appaudit.report; print([m for m in ('jinja2', 'rich', 'openpyxl') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
