"""One small function a rule; its texts and clauses are ``knowledge/rules/<id>.toml``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from appaudit.compare.case import Case
from appaudit.compare.rules import (
    conditions,
    data,
    necessity,
    network,
    notice,
    permissions,
    phases,
    sdks,
    startup,
)
from appaudit.compare.verdict import Verdict

RULES: dict[str, Callable[[Case], Iterator[Verdict]]] = {
    "ambiguous-data": data.ambiguous_data,
    "background-collection": phases.background_collection,
    "contradicted-data": data.contradicted_data,
    "contradictory-policy": data.contradictory_policy,
    "early-collection": startup.early_collection,
    "expired-version": conditions.expired_version,
    "incomplete-policy": notice.incomplete_policy,
    "low-target-sdk": necessity.low_target_sdk,
    "permission-condition": phases.permission_condition,
    "refused-collection": phases.refused_collection,
    "self-start": startup.self_start,
    "undeclared-data": data.undeclared_data,
    "undeclared-permission": permissions.undeclared_permission,
    "undeclared-sdk": sdks.undeclared_sdk,
    "unnecessary-data": necessity.unnecessary_data,
    "unobserved-data": data.unobserved_data,
    "unobserved-sdk": sdks.unobserved_sdk,
    "unprotected-transport": network.unprotected_transport,
    "unused-permission": permissions.unused_permission,
    "vague-data": data.vague_data,
}
