"""Web views: bridges into the app, and settings that open it to pages."""

from __future__ import annotations

from collections.abc import Callable

from appaudit.records import Fact, Gap
from appaudit.static.facts import Drafts, Key
from appaudit.static.sample import Sample

VIEWS = ("android.webkit.WebView", "com.tencent.smtt.sdk.WebView", "com.uc.webview.export.WebView")
SETTINGS = "android.webkit.WebSettings"

Wanted = Callable[[str | int | None], bool]
"""Decides on the first argument; None where it is not constant."""

SWITCHES = {
    (SETTINGS, "setJavaScriptEnabled"): "webview_javascript",
    (SETTINGS, "setAllowFileAccess"): "webview_file_access",
    (SETTINGS, "setAllowFileAccessFromFileURLs"): "webview_file_access_from_files",
    (SETTINGS, "setAllowUniversalAccessFromFileURLs"): "webview_universal_access_from_files",
    (SETTINGS, "setGeolocationEnabled"): "webview_geolocation",
    (SETTINGS, "setSavePassword"): "webview_save_password",
    ("android.webkit.WebView", "setWebContentsDebuggingEnabled"): "webview_debugging",
}
"""(class, method) with one boolean → what it means where the boolean is true."""


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``uses setting:webview_<id>``, one fact an actor and setting."""
    drafts = Drafts()
    for (owner, name), setting in SWITCHES.items():
        _calls(sample, drafts, owner, name, setting, lambda first: first in (1, None))
    _calls(sample, drafts, SETTINGS, "setMixedContentMode", "webview_mixed_content", lambda first: first == 0)
    for view in VIEWS:
        _calls(sample, drafts, view, "addJavascriptInterface", "webview_bridge", lambda _: True)
    _calls(
        sample,
        drafts,
        "android.webkit.SslErrorHandler",
        "proceed",
        "webview_ignores_tls_errors",
        lambda _: True,
    )
    return drafts.facts(), []


def _calls(sample: Sample, drafts: Drafts, owner: str, name: str, setting: str, wanted: Wanted) -> None:
    sites = sample.sites_of(owner, name)
    for k, call in enumerate(sample.tracer.materialise(sites)):
        first = call.arguments[0] if call.arguments else None
        if not wanted(first):
            continue
        actor, package = sample.actor(sites, k)
        attributes = [("api", f"{owner}.{name}"), ("package", package)]
        bridge = call.arguments[1] if setting == "webview_bridge" and call.arguments else None
        key = Key(actor, "uses", f"setting:{setting}", tuple(a for a in attributes if a[1]))
        drafts.add(key, call, names=str(bridge) if isinstance(bridge, str) else "")
