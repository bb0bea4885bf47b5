"""Synthetic audits for the report tests: a shop app with one finding of each sort, and hostile strings."""

from __future__ import annotations

import dataclasses

from appaudit.knowledge.naming import actor_name, subject_name
from appaudit.knowledge.rules import Rule, Text
from appaudit.knowledge.wording import Wording
from appaudit.records import (
    App,
    CallSite,
    ClassDefinition,
    Condition,
    Document,
    Evidence,
    Fact,
    FileEntry,
    Finding,
    FlowField,
    Gap,
    ListingRow,
    ManifestEntry,
    PolicySpan,
    Signature,
    Stack,
    StringConstant,
    fingerprint,
    framework_apis,
)
from appaudit.report.model import AuditView, Lang

PACKAGE = "com.example.shop"
DEX = "shop.apk!classes.dex"
DEX2 = "shop.apk!classes2.dex"
POLICY = "policy.txt"

POLICY_TEXT = """示例商城隐私政策
更新日期:2026 年 1 月 1 日
一、我们收集的信息
1. 为了保障账号安全,我们会收集您的设备信息。
2. 我们不会读取您的剪贴板内容。
3. 为了推荐附近门店,经您授权后,我们会收集您的位置信息。
4. 您主动上传的照片仅在本地处理。
二、第三方
5. 我们使用友盟统计 SDK,它会收集您的 OAID 用于统计分析。
三、您的权利
6. 我们将在十五个工作日内答复您的请求。联系邮箱:privacy@shop.example。
"""


def span(line: int, quote: str, via: PolicySpan | None = None) -> PolicySpan:
    """The exact place of ``quote`` in the sample policy."""
    start = POLICY_TEXT.split("\n")[line - 1].index(quote)
    return PolicySpan(POLICY, line, start, start + len(quote), quote, via=via)


def call(caller: str, callee: str, offset: int, member: str = DEX, **more: tuple[str, ...]) -> CallSite:
    return CallSite(member, caller, callee, offset, **more)


IMEI = "Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;"
ANDROID_ID = (
    "Landroid/provider/Settings$Secure;->getString(Landroid/content/ContentResolver;Ljava/lang/String;)"
    "Ljava/lang/String;"
)
CLIP = "Landroid/content/ClipboardManager;->getPrimaryClip()Landroid/content/ClipData;"
LOCATION = (
    "Landroid/location/LocationManager;->getLastKnownLocation(Ljava/lang/String;)Landroid/location/Location;"
)


def observed(
    subject: str, *evidence: Evidence, actor: str = "app", action: str = "accesses", **more: object
) -> Fact:
    fact = Fact("static", "observed", actor, action, subject, count=len(evidence), evidence=evidence)
    return dataclasses.replace(fact, **more)  # type: ignore[arg-type]


def declared(subject: str, *evidence: Evidence, stance: str = "declared", **more: object) -> Fact:
    fact = Fact("policy", stance, "app", "collects", subject, evidence=evidence)  # type: ignore[arg-type]
    return dataclasses.replace(fact, **more)  # type: ignore[arg-type]


def facts() -> dict[str, Fact]:
    """Facts by a short name."""
    perm = "permission:android.permission."
    manifest = "shop.apk!AndroidManifest.xml"
    start = 1_767_250_800.0
    return {
        "imei": observed(
            "data:imei",
            call(
                "Lcom/example/shop/ShopApp;->onCreate()V",
                IMEI,
                46,
                path=("Lcom/example/shop/ShopApp;->onCreate()V", "Lcom/example/shop/Device;->imei()V"),
            ),
            call("Lcom/example/shop/Device;->imei(Landroid/content/Context;I[J)Ljava/lang/String;", IMEI, 12),
            attributes=(("api", IMEI), ("permission", "android.permission.READ_PHONE_STATE")),
        ),
        "clipboard": observed(
            "data:clipboard",
            call("Lcom/example/shop/MainActivity;->onResume()V", CLIP, 8),
            attributes=(("api", CLIP),),
        ),
        "location": observed(
            "data:gps_location",
            call("Lcom/example/shop/Stores;->nearest()V", LOCATION, 20),
            attributes=(("api", LOCATION), ("permission", "android.permission.ACCESS_FINE_LOCATION")),
        ),
        "android_id": observed(
            "data:android_id",
            CallSite(DEX2, "Lcom/umeng/a/b;->c()V", ANDROID_ID, 3, arguments=(None, "android_id")),
            actor="sdk:umeng-analytics",
            attributes=(("api", ANDROID_ID),),
        ),
        "run_clipboard": observed(
            "data:clipboard",
            Stack(
                CLIP,
                (
                    "android.content.ClipboardManager.getPrimaryClip",
                    "com.example.shop.MainActivity.onResume(MainActivity.java:41)",
                ),
                start + 1.25,
                process=PACKAGE,
                thread="main",
                result="ClipData{text/plain}",
            ),
            source="dynamic",
            phase="before_consent",
            count=4,
            first=start + 1.25,
            last=start + 9.5,
            attributes=(("api", CLIP),),
        ),
        "sent_android_id": observed(
            "data:android_id",
            FlowField(
                "flow-17",
                "request.body.json.device.aid",
                "9774d5…8b1c",
                112,
                "md5",
                "log.umeng.example",
                start + 2,
            ),
            actor="sdk:umeng-analytics",
            action="sends",
            source="traffic",
            phase="before_consent",
            recipient="host:log.umeng.example",
            first=start + 2,
            last=start + 2,
        ),
        "phone_state": observed(
            perm + "READ_PHONE_STATE",
            ManifestEntry(manifest, "uses-permission", "android.permission.READ_PHONE_STATE"),
            action="requests",
        ),
        "fine_location": observed(
            perm + "ACCESS_FINE_LOCATION",
            ManifestEntry(manifest, "uses-permission", "android.permission.ACCESS_FINE_LOCATION"),
            action="requests",
        ),
        "uses_phone_state": observed(
            perm + "READ_PHONE_STATE",
            call("Lcom/example/shop/Device;->imei(Landroid/content/Context;I[J)Ljava/lang/String;", IMEI, 12),
            action="uses",
        ),
        "contacts_permission": observed(
            perm + "READ_CONTACTS",
            ManifestEntry(
                manifest, "uses-permission", "android.permission.READ_CONTACTS", (("maxSdkVersion", "28"),)
            ),
            action="requests",
            attributes=(("max_sdk", "28"),),
        ),
        "umeng": observed(
            "sdk:umeng-analytics",
            ClassDefinition(DEX2, "Lcom/umeng/", "Lcom/umeng/analytics/MobclickAgent;", 312),
            FileEntry("shop.apk!lib/arm64-v8a/libumeng-spy.so"),
            action="embeds",
            attributes=(("version", "9.6.3"),),
        ),
        "jpush": observed(
            "sdk:jpush",
            ClassDefinition(DEX2, "Lcn/jpush/", "Lcn/jpush/android/api/JPushInterface;", 120),
            action="embeds",
        ),
        "host": observed(
            "host:log.umeng.example",
            StringConstant(DEX2, "https://log.umeng.example/v2/up", 90210),
            actor="sdk:umeng-analytics",
            action="contacts",
        ),
        "boot": observed(
            "component:com.example.shop.BootReceiver",
            ManifestEntry(manifest, "receiver", "com.example.shop.BootReceiver", (("exported", "true"),)),
            action="starts",
            attributes=(("on", "android.intent.action.BOOT_COMPLETED"),),
        ),
        "cleartext": observed(
            "setting:cleartext_traffic",
            ManifestEntry(manifest, "application", "", (("usesCleartextTraffic", "true"),)),
            action="uses",
        ),
        "says_device": declared(
            "data:device_info", span(4, "我们会收集您的设备信息"), purpose="保障账号安全"
        ),
        "denies_clipboard": declared(
            "data:clipboard", span(5, "我们不会读取您的剪贴板内容"), stance="denied"
        ),
        "says_location": declared(
            "data:location",
            span(6, "我们会收集您的位置信息"),
            purpose="推荐附近门店",
            condition=("permission:android.permission.ACCESS_FINE_LOCATION",),
        ),
        "says_photo": declared(
            "data:photo", span(7, "照片仅在本地处理"), action="processes_locally", condition=("local_only",)
        ),
        "says_umeng": declared(
            "data:oaid",
            span(9, "它会收集您的 OAID", via=span(9, "友盟统计 SDK")),
            actor="sdk:umeng-analytics",
            action="collects",
            purpose="统计分析",
        ),
        "lists_umeng": declared(
            "sdk:umeng-analytics",
            ListingRow("sdk-list.csv", 3, "SDK名称", "友盟统计"),
            action="embeds",
            source="listing",
        ),
        "rights": declared("topic:user_rights", span(11, "十五个工作日内答复"), action="states"),
    }


def finding(rule: str, outcome: str, severity: str, of: list[Fact], **more: object) -> Finding:
    first = of[0]
    made = Finding(
        rule,
        outcome,  # type: ignore[arg-type]
        severity,  # type: ignore[arg-type]
        "high",
        first.actor,
        first.action,
        first.subject,
        facts=tuple(of),
        fingerprint=fingerprint(rule, PACKAGE, first.actor, first.action, first.subject, framework_apis(of)),
    )
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]


TITLES = {
    "undeclared-data": (
        "{subject}：{actor}收集但政策未声明",
        "{subject}: {actor} collects it, nothing declares it",
    ),
    "denied-but-observed": ("{subject}：声明不收集，实际读取", "{subject}: denied, and read all the same"),
    "vague-disclosure": ("{subject}：只有笼统说法", "{subject}: declared only vaguely"),
    "undeclared-sdk": ("未披露的 SDK：{subject}", "{subject} is embedded and not disclosed"),
    "location-declared": ("{subject}：已声明", "{subject}: declared"),
    "cross-border": ("{subject}：跨境传输", "{subject}: cross-border transfer"),
    "never-fires": ("没有触发的规则", "A rule that found nothing"),
}


def _rule(ident: str) -> Rule:
    zh, en = TITLES[ident]
    return Rule(
        id=ident,
        since="0.1",
        lifecycle="stable",
        sources=("static", "policy"),
        severity="high",
        confidence="high",
        clauses=("CN191-2.1",),
        fires_on="",
        quiet_on="",
        texts={
            "zh": Text(
                name=zh.format(subject="信息", actor="主体"),
                title=zh,
                message=zh,
                why="用户无从知道自己被收集了什么。",
                advice="写明{subject}及其目的，或删除这些调用。",
                passed="{subject}：一致",
            ),
            "en": Text(
                name=en.format(subject="data", actor="a party"),
                title=en,
                message=en + ".",
                why="People cannot know what is collected about them.",
                advice="Declare {subject} with its purpose, or remove the calls.",
                passed="{subject}: consistent",
            ),
        },
    )


RULES = {ident: _rule(ident) for ident in sorted(TITLES)}


def wording(finding: Finding, lang: Lang) -> Wording:
    """As the knowledge words a finding, from the rules of this sample."""
    text = RULES[finding.rule].texts[lang]
    names = {"actor": actor_name(finding.actor, lang), "subject": subject_name(finding.subject, lang)}
    return Wording(*(t.format_map(names) for t in (text.title, text.message, text.why, text.advice)))


def app() -> App:
    return App(
        file="shop.apk",
        container="apk",
        size=7_340_123,
        md5="0123456789abcdef0123456789abcdef",
        sha256="0f" * 32,
        package=PACKAGE,
        label="示例商城",
        version_name="3.2.1",
        version_code="30201",
        min_sdk=21,
        target_sdk=34,
        signers=(Signature("shop.apk", "v2", "ab" * 32),),
        members=((DEX, 4_000_000, "11" * 32), (DEX2, 2_000_000, "22" * 32)),
    )


def audit(lang: Lang = "zh") -> AuditView:
    """A whole audit: every outcome, every source, a suppressed finding, gaps."""
    f = facts()
    gap = Gap(
        "traffic",
        "pinned_host",
        "api.shop.example",
        "The host pins its certificate; its traffic is unreadable.",
    )
    findings = (
        finding("undeclared-sdk", "violation", "high", [f["jpush"]], disclosure="omitted",
                clauses=("CN191-2.1", "CN164-3"), attributes=(("status", "new"),)),
        finding("undeclared-data", "violation", "high", [f["imei"], f["says_device"]], disclosure="omitted",
                clauses=("CN191-2.1", "CN191-3.3", "EU-GDPR-13")),
        finding("denied-but-observed", "violation", "critical",
                [f["clipboard"], f["run_clipboard"], f["denies_clipboard"]], disclosure="incorrect",
                clauses=("CN191-3.9", "CN164-1")),
        finding("vague-disclosure", "review", "medium", [f["android_id"], f["says_device"]],
                disclosure="vague", confidence="medium", clauses=("CN191-2.1",)),
        finding("location-declared", "pass", "info", [f["location"], f["says_location"]], disclosure="clear",
                title="Location is declared", clauses=("CN191-3.3",)),
        finding("cross-border", "not_examined", "medium", [f["host"]], gaps=(gap,), clauses=("CN-PIPL-39",)),
        finding("undeclared-data", "violation", "medium", [f["android_id"]], disclosure="omitted",
                attributes=(("suppressed", "ignored"), ("suppressed_by", "IGN-1"),
                            ("suppressed_reason", "agreed with legal"), ("suppressed_until", "2026-12-31"))),
    )  # fmt: skip
    return AuditView(
        app=app(),
        documents=(Document(POLICY, "text", "zh", "utf-8", 812, "cd" * 32, 12, "示例商城隐私政策"),),
        facts=tuple(f.values()),
        findings=findings,
        gaps=(
            gap,
            Gap("policy", "missing_document", "sdk.html", "The policy links to a list that was not given."),
        ),
        conditions=(
            Condition("fingerprint", "vendor/phone/phone:14/AP1A/7:user/release-keys"),
            Condition("dns_blocker", "no"),
            Condition("hooks_framework", "588 of 631", "before_consent", 1_790_000_000.25),
        ),
        coverage={
            "static": {
                "examined": True,
                "what": [DEX, DEX2],
                "facts": 11,
                "evidence": 14,
                "not_examined": [],
            },
            "dynamic": {"examined": False, "what": [], "facts": 0, "evidence": 0, "not_examined": []},
            "policy": {
                "examined": True,
                "what": [POLICY],
                "facts": 6,
                "evidence": 6,
                "not_examined": [{"code": "missing_document", "scope": "sdk.html", "reason": "not given"}],
            },
        },
        knowledge={"version": "2026.11", "sha256": "33" * 32},
        tool={"name": "appaudit", "version": "0.0.0"},
        texts={POLICY: POLICY_TEXT},
        rules=RULES,
        wording=wording,
        lang=lang,
        profile="cn",
        date="2026-01-02T03:04:05Z",
    )


HOSTILE = "\u202e<script>alert(1)</script>[x](http://x)\x1b[31m{{7*7}}\"'&]]>=cmd()\u200b\ud800\x00"
"""Markup, a link, a template, a terminal escape, a bidi override, a formula, a lone surrogate, a NUL."""


def hostile(lang: Lang = "en") -> AuditView:
    """Every string an app or policy controls is `HOSTILE`."""
    h = HOSTILE
    evidence: tuple[Evidence, ...] = (
        CallSite(h, f"L{h};->{h}({h})V", h, 1, arguments=(h, None), path=(h, h)),
        ClassDefinition(h, h, h, 1),
        ManifestEntry(h, h, h, ((h, h),)),
        FileEntry(h, h),
        StringConstant(h, h, 1),
        Signature(h, h, h),
        PolicySpan(h, 1, 0, len(h), h, via=PolicySpan(h, 1, 0, 1, h)),
        ListingRow(h, 1, h, h),
        Stack(h, (h,), 0.0, h, h, h, ((h, h),)),
        FlowField(h, h, h, 1, h, h, 1e300),
    )
    subjects = ("data:imei", f"data:{h}", f"permission:{h}", f"sdk:{h}", f"host:{h}", f"topic:{h}",
                f"component:{h}", f"trick:{h}", h)  # fmt: skip
    made = [
        dataclasses.replace(
            fact,
            actor=actor,
            subject=subject,
            purpose=h,
            condition=(f"if:{h}", h),
            recipient=f"party:{h}",
            first=1e300,
            last=-1e300,
            evidence=evidence,
            attributes=(("api", h), (h, h)),
        )
        for subject in subjects
        for fact in (
            Fact("static", "observed", "", "accesses", ""),
            Fact("policy", "declared", "", h, ""),
        )
        for actor in ("app", f"sdk:{h}", h)
    ]
    gap = Gap("static", h, h, h)
    findings = tuple(
        finding(h, "violation", "high", [f], title=h, message=h, advice=h, clauses=(h,), gaps=(gap,),
                attributes=((h, h),))
        for f in made[:6]
    )  # fmt: skip
    return AuditView(
        app=App(h, h, 1, h, h, h, h, h, h, signers=(Signature(h, h, h),), members=((h, 1, h),)),
        documents=(Document(h, h, h, h, 1, h, 1, h, h),),
        facts=tuple(made),
        findings=findings,
        gaps=(gap,),
        coverage={
            h: {
                "examined": True,
                "what": [h],
                "facts": 1,
                "evidence": 1,
                "not_examined": [{"code": h, "scope": h, "reason": h}],
            }
        },
        knowledge={"version": h, "sha256": h},
        tool={"name": "appaudit", "version": h},
        texts={h: h},
        lang=lang,
        date=h,
    )
