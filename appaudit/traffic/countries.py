"""The country of an address, from a database that the user gives (MaxMind's format, others' too)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from appaudit.errors import InputError, MissingExtraError


def countries(path: Path) -> Callable[[str], str]:
    """Address → ISO 3166-1 alpha-2, empty where the database does not have it. Raises InputError,
    MissingExtraError."""
    try:
        import maxminddb
    except ImportError as error:
        raise MissingExtraError("reading a database of addresses", "ip") from error
    try:
        reader: Any = maxminddb.open_database(str(path))
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise InputError(f"{path} is no database of addresses: {error}") from error

    @lru_cache(maxsize=65_536)
    def country(address: str) -> str:
        try:
            found = reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return ""  # no address, or a damaged part
        return _code(found)

    return country


def _code(found: Any) -> str:
    """Where an address is; else in whose name it is registered."""
    for key in ("country", "registered_country"):
        part = found.get(key) if isinstance(found, Mapping) else None
        code = part.get("iso_code") if isinstance(part, Mapping) else part
        if isinstance(code, str) and len(code) == 2 and code.isalpha():
            return code.upper()
    return ""
