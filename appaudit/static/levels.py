"""What an app's SDK levels make of an API: where it is not there yet, not any more, or no longer answers."""

from __future__ import annotations

from appaudit.apk import Manifest
from appaudit.knowledge.apis import Api
from appaudit.knowledge.limits import limit_of


def attributes(api: Api, manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """``since``: the app also runs on devices below this API level, which do not have the member.
    ``until``: it targets a level above this one, the last that has it. ``limit``: ``<answer>:<level>``,
    what the call gives an ordinary app from that API level on in place of the data
    (`appaudit.knowledge.limits`). Empty for code without a manifest."""
    if not manifest.package:
        return ()
    found = []
    if api.since is not None and api.since > manifest.min_sdk:
        found.append(("since", str(api.since)))
    if api.until is not None and api.until < manifest.target_sdk:
        found.append(("until", str(api.until)))
    step = limit_of(api, manifest.target_sdk, {p.name for p in manifest.permissions})
    if step is not None:
        found.append(("limit", f"{step.answer}:{step.level}"))
    return tuple(found)
