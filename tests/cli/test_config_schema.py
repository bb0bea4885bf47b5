"""The published schema of the configuration file says what the program accepts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rtoml

from appaudit.cli.settings import CONFIG_KEYS, read_config
from appaudit.compare import ignore
from appaudit.errors import InputError
from appaudit.knowledge.regulations import PROFILES
from appaudit.records import SEVERITIES
from tests.cli.run import appaudit

JSON_TYPES = {"string": str, "array": list, "boolean": bool}


@cache
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(appaudit("schema", "config").out)
    return loaded


def test_schema_and_program_know_the_same_keys() -> None:
    described = schema()
    jsonschema.Draft202012Validator.check_schema(described)
    keys = described["properties"]
    assert {k: JSON_TYPES[v.get("type", "string")] for k, v in keys.items()} == CONFIG_KEYS
    assert set(keys["profile"]["enum"]) == set(PROFILES)
    assert keys["fail-on"]["enum"] == list(SEVERITIES)
    entry = keys["ignore"]["items"]
    assert set(entry["properties"]) == {"id", "reason", "expires", *ignore.SCOPE}


ENTRY = '[[ignore]]\nid = "a"\nreason = "known"\nexpires = "2030-01-31"\n'


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ('lang = "zh"\nformat = ["html"]\nstrict = true\n', True),
        ('profile = "cn"\nignore = []\n', True),
        (ENTRY + 'rule = "undeclared-*"\n', True),
        (ENTRY, False),
        (ENTRY + 'rule = "x"\ncolour = "red"\n', False),
        ('unknown = "x"\n', False),
        ("strict = 1\n", False),
    ],
)
def test_schema_and_program_agree(text: str, valid: bool, tmp_path: Path) -> None:
    file = tmp_path / ".appaudit.toml"
    file.write_text(text, encoding="utf-8")
    errors = list(jsonschema.Draft202012Validator(schema()).iter_errors(rtoml.loads(text)))
    assert (not errors) == valid
    try:
        ignore.entries(read_config(file).get("ignore", []), str(file))
        accepted = True
    except InputError:
        accepted = False
    assert accepted == valid


def test_unknown_schema_is_an_error() -> None:
    assert appaudit("schema", "sdk").code == 2
