"""One small function a rule; its texts and clauses are ``knowledge/rules/<id>.toml``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from appaudit.compare.case import Case
from appaudit.compare.rules import (
    asking,
    conditions,
    consent,
    data,
    necessity,
    network,
    notice,
    permissions,
    phases,
    powers,
    promises,
    recipients,
    sdks,
    startup,
)
from appaudit.compare.verdict import Verdict

RULES: dict[str, Callable[[Case], Iterator[Verdict]]] = {
    "ambiguous-data": data.ambiguous_data,
    "background-collection": phases.background_collection,
    "bulk-permission-request": asking.bulk_permission_request,
    "consent-condition": promises.consent_condition,
    "consent-asked-again": consent.asked_again,
    "consent-bundled": consent.bundled,
    "consent-policy-link": consent.policy_link,
    "consent-pre-ticked": consent.pre_ticked,
    "consent-refusal": consent.refusal,
    "contradicted-data": data.contradicted_data,
    "contradictory-policy": data.contradictory_policy,
    "deidentified-plain": promises.plain_although_deidentified,
    "early-collection": startup.early_collection,
    "early-permission-request": asking.early_permission_request,
    "expired-version": conditions.expired_version,
    "form-omits-data": recipients.form_omits_data,
    "frequent-collection": powers.frequent_collection,
    "incomplete-policy": notice.incomplete_policy,
    "local-only-sent": promises.local_only_sent,
    "low-target-sdk": necessity.low_target_sdk,
    "open-condition": promises.open_condition,
    "optional-condition": promises.optional_condition,
    "permission-condition": phases.permission_condition,
    "refused-collection": phases.refused_collection,
    "repeated-permission-request": asking.repeated_permission_request,
    "sdk-beyond-statement": sdks.beyond_statement,
    "sdk-short-listing": sdks.short_listing,
    "self-start": startup.self_start,
    "special-power": powers.special_power,
    "storage-country": promises.storage_country,
    "undeclared-data": data.undeclared_data,
    "undeclared-permission": permissions.undeclared_permission,
    "undeclared-sdk": sdks.undeclared_sdk,
    "unnamed-recipient": recipients.unnamed_recipient,
    "unnecessary-data": necessity.unnecessary_data,
    "unobserved-data": data.unobserved_data,
    "unobserved-sdk": sdks.unobserved_sdk,
    "unobserved-sdk-data": sdks.unobserved_sdk_data,
    "unprotected-transport": network.unprotected_transport,
    "unrequested-permission": permissions.unrequested_permission,
    "unused-permission": permissions.unused_permission,
    "vague-data": data.vague_data,
}
