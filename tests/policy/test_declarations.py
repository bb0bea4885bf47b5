"""Sentences and small policies, and what must be read off them."""

# ruff: noqa: E501  (a sentence stands on one line)

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.policy import PolicyResult
from appaudit.policy.document import LoadedDocument, Table, from_text
from appaudit.policy.explain import explain
from appaudit.policy.read import read_loaded
from appaudit.records import Fact, PolicySpan
from tests.policy.cases import CHINESE, ENGLISH, expected
from tests.score import GENERIC, POLARITY


def declared(text: str) -> set[tuple[str, str]]:
    return pairs(read_loaded(from_text(text)))


def pairs(result: PolicyResult) -> set[tuple[str, str]]:
    out = set()
    for fact in result.facts:
        kind, _, name = fact.subject.partition(":")
        if kind == "data" and name not in GENERIC and span(fact).via is None:
            out.add((POLARITY[fact.stance, fact.action], name))
    return out


def span(fact: Fact) -> PolicySpan:
    found = fact.evidence[0]
    assert isinstance(found, PolicySpan)
    return found


def subjects(result: PolicyResult, action: str) -> set[str]:
    return {f.subject for f in result.facts if f.action == action}


@pytest.mark.parametrize(("text", "found"), [*ENGLISH, *CHINESE])
def test_sentence(text: str, found: str) -> None:
    assert declared(text) == expected(found)


def test_a_text_broken_into_lines_is_read_as_if_it_were_not() -> None:
    said = "While you play the game we log facts about errors. This log data may include the Internet\n"
    said += "Protocol address, the device name and the IMEI. No player need ever tell us who they are at\n"
    said += (
        "Tally Games. You may also play as a guest, and then the game keeps your score for a short time.\n"
    )
    filler = (
        "Nothing in this part of the notice says what the studio keeps, and no player need ever read it.\n"
    )
    assert declared(filler * 20 + said) == {
        ("collected", "ip"),
        ("collected", "device_other"),
        ("collected", "imei"),
    }


def check_spans(result: PolicyResult) -> None:
    for fact in result.facts:
        assert fact.evidence
        for item in fact.evidence:
            while isinstance(item, PolicySpan):
                assert (
                    result.texts[item.document].split("\n")[item.line - 1][item.start : item.end]
                    == item.quote
                )
                assert item.quote.strip()
                item = item.via  # type: ignore[assignment]


PIECES = [t for t, _ in (*ENGLISH, *CHINESE)] + [
    "(", "）", "：", ":", "；", "一、总则", "1. Scope", "Including:", "- IMEI", "\n", "\n\n", "Device information: includes",
    "设备信息：", "the above information", "上述信息", "，", "、", "not", "不会", "将", "which", "共享", "[A] - [B]", "\t", "\u2028", "İ",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=12))
def test_any_text_is_read_and_every_quote_is_exact(pieces: list[str]) -> None:
    check_spans(read_loaded(from_text(" ".join(pieces))))


POLICY = """Harbour Notes Privacy Policy
Effective date: 3 May 2024
This policy has these parts:
I. What we collect
II. Sharing
III. Your rights
I. What we collect
When you use the app, we collect the following:
(1) your phone number;
(2) Device information;
(3) photos that you attach.
We use equipment information to keep the service safe.
Collection of IMSI
II. Sharing
We will not share your personal information, except in the following cases:
1. we give your delivery address to the courier;
III. Your rights
You can delete your account in [Me] - [Settings] - [Account].
We keep your data only for as long as necessary and delete it after the retention period.
Appendix
"Device information": includes the device model, IMEI (only in versions before 2.4.1) and MAC address.
"Service log": \n"""


def test_a_small_policy() -> None:
    result = read_loaded(from_text(POLICY))
    check_spans(result)
    lines = {(span(f).line, f.subject) for f in result.facts if span(f).via is None}
    assert {(9, "data:phone_number"), (10, "data:device_info"), (11, "data:photo")} <= lines
    assert (12, "data:device_info") in lines
    assert {(16, "data:address"), (21, "data:imei"), (21, "data:mac"), (21, "data:device_model")} <= lines
    assert not any(line in (4, 5, 6, 7, 13) for line, _ in lines)
    assert {"topic:policy_meta", "topic:retention", "topic:user_rights"} <= subjects(result, "states")


def test_a_defined_term_stands_for_its_members() -> None:
    facts = [f for f in read_loaded(from_text(POLICY)).facts if f.subject == "data:imei"]
    via = {span(f).line: span(f).via for f in facts}
    assert via[21] is None
    for line in (10, 12):
        assert via[line] is not None
        assert (via[line].line, via[line].quote) == (21, "IMEI")  # type: ignore[union-attr]
    assert all("until_version:2.4.1" in f.condition for f in facts)


@pytest.mark.parametrize(
    "definition",
    [
        "“设备信息”是指IMEI与设备型号。",
        "设备信息，指IMEI、设备型号。",
        '"Device information" means your IMEI and device model.',
        "The term device information refers to the IMEI and the device model.",
    ],
)
def test_a_definition_needs_no_colon(definition: str) -> None:
    use = "我们会收集设备信息。" if "指" in definition else "We collect device information."
    facts = [f for f in read_loaded(from_text(f"{use}\n{definition}\n")).facts if f.action == "collects"]
    used = {f.subject for f in facts if span(f).line == 1 and span(f).via is not None}
    assert used == {"data:imei", "data:device_model"}


@pytest.mark.parametrize(
    "named",
    [
        'We collect your IMEI and device model (collectively, "Device Information").',
        "我们会收集您的IMEI和设备型号（以下统称“设备信息”）。",
    ],
)
def test_a_name_for_a_list_means_its_members(named: str) -> None:
    use = "We share device information with advertisers.\n" + "我们会向广告主共享设备信息。"
    facts = read_loaded(from_text(f"{named}\n{use}\n")).facts
    first = {f.subject for f in facts if f.action == "collects"}
    assert first == {"data:imei", "data:device_model"}
    for line in (2, 3):
        shared = {f.subject for f in facts if f.action == "shares" and span(f).line == line}
        assert shared == {"data:device_info", "data:imei", "data:device_model"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我们仅在以下情形共享您的手机号码：\n（1）法律要求；\n（2）发生合并。\n", ["法律要求；", "发生合并。"]),
        ("只有在下列情况下，我们才会共享您的手机号码：（1）法律要求；（2）发生合并。", ["（1）法律要求；（2）发生合并。"]),
        ("We only share your phone number in the following cases:\n- a court asks\n", ["a court asks"]),
    ],
)  # fmt: skip
def test_only_in_the_cases_listed(text: str, found: list[str]) -> None:
    [fact] = [f for f in read_loaded(from_text(text)).facts if f.subject == "data:phone_number"]
    assert (fact.stance, fact.action) == ("declared", "shares")
    [condition] = fact.condition
    assert condition.startswith("if:")
    assert found[0].strip("；。（1）") in condition
    cases = [e.quote for e in fact.evidence if isinstance(e, PolicySpan) and e.role == "condition"]
    assert [c for c in cases if c in found] == found


def test_a_denial_with_the_cases_excepted_declares_them() -> None:
    text = "我们不会向第三方共享您的手机号码，但以下情况除外：\n1、法律要求；\n2、发生合并。\n"
    facts = [f for f in read_loaded(from_text(text)).facts if f.subject == "data:phone_number"]
    assert {f.stance for f in facts} == {"denied", "declared"}
    assert all("法律要求; 发生合并" in f.condition[0] for f in facts)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("From version 3.0 onwards we no longer collect your IMEI.", {("denied", "imei", "From version 3.0 onwards")}),
        ("On Android 9 and earlier we collect your IMEI; on Android 10 and later, your advertising ID.",
         {("declared", "imei", "On Android 9 and earlier"), ("declared", "gaid", "on Android 10 and later")}),
        ("We collect your IMEI (on Android 8.1 and earlier) and your advertising ID.",
         {("declared", "imei", "on Android 8.1 and earlier"), ("declared", "gaid", "")}),
        ("Starting with Android 10, we read your advertising ID.", {("declared", "gaid", "Starting with Android 10")}),
        ("We collect your IMEI as said in version 2 of this policy.", {("declared", "imei", "")}),
        ("Should you opt in, we also read your photos.", {("declared", "photo", "Should you opt in")}),
        ("Should we ever sell the shop, your photos may be passed to the buyer.",
         {("declared", "photo", "Should we ever sell the shop")}),
        ("Your photos are stored and erased after 30 days.", {("declared", "photo", "")}),
        ("Identifiers (the IMEI, the Android ID) are collected in the background.",
         {("declared", "imei", "background"), ("declared", "android_id", "background")}),
        ("We do not collect your IMEI, except when you call our service desk.",
         {("denied", "imei", "except when you call our service desk."),
          ("declared", "imei", "except when you call our service desk.")}),
        ("自3.2.0版本起，我们不再收集您的IMEI。", {("denied", "imei", "自3.2.0版本起")}),
        ("在Android 10及以上版本的设备上，我们不会收集IMEI。", {("denied", "imei", "在Android 10及以上版本的设备上")}),
        ("我们收集IMEI（Android 9及以下版本）和OAID。",
         {("declared", "imei", "Android 9及以下版本"), ("declared", "oaid", "")}),
        ("我们仅在您主动上传头像时访问您的相册。", {("declared", "album", "仅在您主动上传头像时")}),
        ("您在使用语音输入时，我们会采集您的语音。", {("declared", "voice", "您在使用语音输入时")}),
        ("我们会在手机后台收集您的位置。", {("declared", "location", "background")}),
    ],
)  # fmt: skip
def test_a_release_or_a_turned_clause_is_a_condition(text: str, found: set[tuple[str, str, str]]) -> None:
    facts = [f for f in read_loaded(from_text(text)).facts if f.subject.startswith("data:")]
    assert all(len(f.condition) < 2 for f in facts)
    read = {(f.stance, f.subject[5:], "".join(f.condition).removeprefix("if:")) for f in facts}
    assert read == found


def test_an_empty_definition_is_a_gap() -> None:
    codes = {(g.code, g.scope) for g in read_loaded(from_text(POLICY)).gaps}
    assert ("empty_definition", "data:service_log") in codes


def test_the_second_copy_of_a_text_is_the_same_declaration() -> None:
    text = (
        "When you look for goods, we will record your search history and keep it with your browsing history.\n"
        "Other words stand between the two copies of the page.\n"
        "When you look for goods, we will record your search history and keep it with\n"
    )
    facts = [f for f in read_loaded(from_text(text)).facts if f.subject == "data:search_history"]
    assert len(facts) == 1
    spans = [(e.line, e.role) for e in facts[0].evidence if isinstance(e, PolicySpan)]
    assert [s for s in spans if s[1] not in ("condition", "purpose")] == [
        (1, "statement"),
        (3, "repeat"),
    ]


def test_the_above_information_is_resolved() -> None:
    text = "You need to enter your delivery address and phone number. We share the above information with couriers."
    result = read_loaded(from_text(text))
    shared = {f.subject: span(f) for f in result.facts if f.action == "shares"}
    assert set(shared) == {"data:address", "data:phone_number"}
    assert shared["data:address"].quote == "the above information"
    assert shared["data:phone_number"].via is not None


def test_a_reference_to_nothing_is_a_gap() -> None:
    result = read_loaded(from_text("We share the above information with couriers."))
    assert [g.code for g in result.gaps] == ["unresolved_reference"]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("We collect your IMEI in the background.", "background"),
        ("本应用在后台运行时，我们也可能收集MAC地址。", "background"),
        ("We collect your location after you agree.", "after_consent"),
        ("2.4.1版本以前，我们会收集IMEI。", "until_version:2.4.1"),
        ("The WLAN-MAC is collected after location permission is granted.", "permission:android.permission.ACCESS_FINE_LOCATION"),
        ("If you join a raffle, we collect your address.", "if:If you join a raffle"),
        ("We process the clipboard locally on your device.", "local_only"),
        ("您可以选择提供您的性别。", "optional"),
        ("您可以選擇提供您的性別。", "optional"),
        ("Only if you tap Scan will we use your camera.", "if:Only if you tap Scan"),
        ("Before you accept this policy we do not collect the Android ID.", "before_consent"),
        ("After you grant the phone permission, we read the IMSI.", "permission:android.permission.READ_PHONE_STATE"),
        ("Your birthday is optional; your IMEI is required.", "optional"),
        ("登记时，您需要提供手机号码。", "if:登记时"),
        ("剪贴板内容仅在识别为口令时才会上传。", "if:仅在识别为口令时"),
        ("2.4.1之前的版本会读取IMEI。", "until_version:2.4.1"),
        ("我们仅在2.4.1以前的版本中读取IMEI。", "until_version:2.4.1"),
        ("除您主动使用邀请功能外，我们不会读取您的通讯录。", "if:除您主动使用邀请功能外"),
    ],
)  # fmt: skip
def test_condition(text: str, condition: str) -> None:
    facts = [f for f in read_loaded(from_text(text)).facts if f.subject.startswith("data:")]
    assert facts
    assert condition in facts[0].condition


@pytest.mark.parametrize(
    ("text", "optional"),
    [
        ("You may choose to provide your gender, and we also record your IMEI.", "gender"),
        ("We collect your phone number, gender (optional) and IMEI.", "gender"),
        ("We collect your e-mail address and, optionally, your birthday.", "birth_date"),
        ("我们收集手机号、性别（选填）和IMEI。", "gender"),
        ("您可以选择提供您的性别，我们还会收集您的IMEI。", "gender"),
    ],
)
def test_optional_is_said_of_a_clause(text: str, optional: str) -> None:
    facts = [f for f in read_loaded(from_text(text)).facts if f.subject.startswith("data:")]
    assert [f.subject for f in facts if "optional" in f.condition] == [f"data:{optional}"]


@pytest.mark.parametrize("text", ["好友可打开相册查看您上传的图片。", "Your friends may access your photos."])
def test_what_others_open_asks_for_no_permission(text: str) -> None:
    assert not subjects(read_loaded(from_text(text)), "requests")


def test_what_is_left_out_is_not_among_the_above() -> None:
    text = "我们会收集您的设备型号、操作系统版本，但不包括IMEI。\n上述信息将共享给关联公司。\n"
    shared = {f.subject for f in read_loaded(from_text(text)).facts if f.action == "shares"}
    assert shared == {"data:device_model", "data:os_version"}


def test_no_access_asks_for_no_permission() -> None:
    facts = read_loaded(from_text("We have no access to your contacts.")).facts
    assert [f.stance for f in facts if f.action == "requests"] == ["denied"]


@pytest.mark.parametrize(
    ("text", "recipient"),
    [
        (
            "We share your email address with Blue Harbour Logistics Co., Ltd.",
            "party:Blue Harbour Logistics Co., Ltd.",
        ),
        ("Your nickname will be publicly displayed.", "party:public"),
        ("我们会将您的手机号码提供给物流公司。", "party:物流公司"),
        ("We share your location with advertisers.", "party:advertisers"),
        ("We share your order details with couriers.", "party:couriers"),
        ("We disclose your address to our courier.", "party:courier"),
        ("We share your e-mail address with Pigeonpost.", "party:Pigeonpost"),
        ("We share your e-mail address in accordance with the Data Act.", None),
        ("We transfer your e-mail address to the United States.", None),
        ("我们会将您的手机号码共享给飞鸽速运，您的生日另行保存。", "party:飞鸽速运"),
        ("我们会与飞鸽地图共享您的位置信息。", "party:飞鸽地图"),
        ("我们会将您的手机号码传输至新加坡。", None),
    ],
)
def test_recipient(text: str, recipient: str) -> None:
    facts = [f for f in read_loaded(from_text(text)).facts if f.action == "shares"]
    assert [f.recipient for f in facts] == [recipient]


@pytest.mark.parametrize(
    ("text", "kind", "quote"),
    [
        (
            "Data is stored on servers in Bonn, Germany, and in Japan.",
            "storage_location",
            "Data is stored on servers in Bonn, Germany, and in Japan",
        ),
        ("我们将数据存储于美国的数据中心。", "storage_location", "我们将数据存储于美国的数据中心。"),
        ("我们会将您的手机号码传输至新加坡。", "cross_border", "我们会将您的手机号码传输至新加坡。"),
        ("We keep server logs for 90 days.", "retention", "We keep server logs for 90 days."),
        ("登录日志保存不少于180天。", "retention", "登录日志保存不少于180天。"),
        ("You have the right to access your data.", "user_rights", "You have the right to access your data."),
        ("我们会利用自动化决策推荐内容。", "user_rights", "我们会利用自动化决策推荐内容。"),
        ("Tally is operated by Dove Labs GmbH.", "policy_meta", "Tally is operated by Dove Labs GmbH."),
    ],
)
def test_topic_in_its_words(text: str, kind: str, quote: str) -> None:
    facts = [f for f in read_loaded(from_text(text)).facts if f.subject == f"topic:{kind}"]
    assert [span(f).quote for f in facts] == [quote]


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("本应用会自启动。", "declared"),
        ("本应用不会自启动，也不会关联启动其他应用。", "denied"),
        ("The app does not start itself.", "denied"),
    ],
)
def test_a_self_start_that_is_denied_is_no_statement_of_one(text: str, stance: str) -> None:
    facts = [f for f in read_loaded(from_text(text)).facts if f.subject == "topic:self_start"]
    assert [f.stance for f in facts] == [stance]


TWICE = """Harbour Notes Privacy Policy
Contents
1. Information We Collect ........ 2
2. How We Share ........ 3
3. Your Rights ........ 5
1. Information We Collect
When you sign up, we collect your e-mail address,
phone number and
password.
We automatically log your IP address, Android ID (which
is reset by a factory reset) and gender.
2. How We Share
We sell nothing.
3. Your Rights
Your rights are these.
1. Information We Collect
When you sign up, we collect your e-mail address,
phone number and
password.
We automatically log your IP addr"""


def test_a_text_that_stands_there_twice_is_no_contents_page() -> None:
    result = read_loaded(from_text(TWICE))
    check_spans(result)
    facts = [f for f in result.facts if f.subject.startswith("data:")]
    lines = {(span(f).line, f.subject.removeprefix("data:")) for f in facts if f.action == "collects"}
    assert lines == {
        (7, "email"), (8, "phone_number"), (9, "password"), (10, "ip"), (10, "android_id"), (11, "gender")
    }  # fmt: skip
    assert {f.count for f in facts if span(f).line < 10} == {2}


def test_every_recipient_of_a_list_is_named() -> None:
    facts = read_loaded(from_text("We share your e-mail with Pigeonpost, Dove LLC and Heron.")).facts
    named = [f.recipient for f in facts if f.action == "shares"]
    assert named == ["party:Pigeonpost", "party:Dove LLC", "party:Heron"]


@pytest.mark.parametrize(
    ("text", "purposes"),
    [
        (
            "我们收集您的IMEI用于反作弊，收集您的位置用于推荐。",
            {"imei": "用于反作弊", "location": "用于推荐"},
        ),
        ("我们会共享您的手机号码，您的生日仅用于年龄核验。", {"phone_number": None}),
        ("为识别异常登录，我们会收集IP地址。", {"ip": "为识别异常登录"}),
    ],
)
def test_a_purpose_is_its_own_statements(text: str, purposes: dict[str, str | None]) -> None:
    facts = [f for f in read_loaded(from_text(text)).facts if f.subject.startswith("data:")]
    assert {f.subject.removeprefix("data:"): f.purpose for f in facts} == purposes


@pytest.mark.parametrize(
    ("text", "purpose"),
    [
        ("In order to stop fraud, we collect your IP address.", "In order to stop fraud"),
        ("We collect your IP address to prevent fraud.", "to prevent fraud"),
        ("为了防范欺诈，我们会收集您的IP地址。", "为了防范欺诈"),
        ("我们会收集您的IP地址，用于防范欺诈。", "用于防范欺诈"),
        ("We collect your IP address.", None),
    ],
)
def test_purpose(text: str, purpose: str | None) -> None:
    facts = [f for f in read_loaded(from_text(text)).facts if f.subject == "data:ip"]
    assert [f.purpose for f in facts] == [purpose]


def test_a_permission_is_denied_by_its_own_clause() -> None:
    facts = read_loaded(from_text("我们会申请相机权限，您不需要手动输入，也不会申请麦克风权限。")).facts
    stances = {f.subject.rpartition(".")[2]: f.stance for f in facts if f.action == "requests"}
    assert stances == {"CAMERA": "declared", "RECORD_AUDIO": "denied"}


def test_permissions_in_words_and_by_name() -> None:
    text = "We ask for the camera, microphone and storage permissions.\n我们不会申请通讯录权限。\nREAD_PHONE_STATE"
    result = read_loaded(from_text(text))
    requested = {f.subject.rpartition(".")[2]: f.stance for f in result.facts if f.action == "requests"}
    assert requested == {
        "CAMERA": "declared",
        "RECORD_AUDIO": "declared",
        "READ_EXTERNAL_STORAGE": "declared",
        "WRITE_EXTERNAL_STORAGE": "declared",
        "READ_CONTACTS": "denied",
        "READ_PHONE_STATE": "declared",
    }


def test_a_label_in_a_list_of_what_a_partner_collects_defines_nothing() -> None:
    text = "Our advertising partner may collect the following data:\n"
    text += "- Device information: the device model and the IMEI.\n- Location: your approximate location.\n"
    assert declared(text) == {
        ("shared", "device_model"),
        ("shared", "imei"),
        ("shared", "coarse_location"),
    }


def test_sdks_and_companies_that_prose_names() -> None:
    text = "We use Google AdMob to show ads. Read our cookie banner.\n我们会向某某软件有限公司共享您的位置信息。\n"
    facts = read_loaded(from_text(text)).facts
    assert [f.subject for f in facts if f.action == "embeds"] == ["sdk:admob"]
    assert [f.recipient for f in facts if f.action == "shares"] == ["party:某某软件有限公司"]


def test_an_sdk_table() -> None:
    rows = (("Umeng+ SDK", "IMEI, MAC address", "statistics"), ("Nowhere Tracker", "IP address", "ads"))
    header = ("SDK name", "Personal information collected", "Purpose")
    lines = ("\t".join(header), *("\t".join(r) for r in rows))
    table = Table(header, rows, (2, 3), 1)
    document = LoadedDocument("sdks.html", "html", "utf-8", "\n".join(lines), lines, tables=(table,))
    result = read_loaded(document)
    check_spans(result)
    collected = {(f.actor, f.subject) for f in result.facts if f.action == "collects" and f.actor != "app"}
    umeng = next(f.subject for f in result.facts if f.action == "embeds" and f.subject.startswith("sdk:"))
    assert {(umeng, "data:imei"), (umeng, "data:mac"), ("party:Nowhere Tracker", "data:ip")} <= collected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Effective date: 3 May 2024", "policy_meta"),
        ("Harbour Tools (or “we”) wrote this policy.", "policy_meta"),
        ("We keep your personal information for 30 days after you close the account.", "retention"),
        ("Your data is stored in the People's Republic of China.", "storage_location"),
        ("We may transfer your data to overseas recipients.", "cross_border"),
        ("All traffic is protected by TLS.", "transport_security"),
        ("The app uses self-start so that messages arrive.", "self_start"),
        ("You can opt out of personalized ads at any time.", "personalised_ads"),
        ("If you are under the age of 14, ask a parent or guardian to agree.", "children"),
        ("You have the right to withdraw your consent.", "user_rights"),
        ("Write to privacy@harbour.example with any question.", "contact"),
        ("Details of the SDKs we use are listed here.", "sdk"),
        ("生效日期：2024年5月3日", "policy_meta"),
        ("海港工具有限公司（以下简称“我们”）制定本政策。", "policy_meta"),
        ("在超出保留期间后，我们会删除您的个人信息。", "retention"),
        ("上述信息将存储于中华人民共和国境内。", "storage_location"),
        ("我们不会向境外提供您的个人信息。", "cross_border"),
        ("数据传输采用HTTPS协议。", "transport_security"),
        ("应用会自启动以便接收消息。", "self_start"),
        ("您可以关闭个性化推荐。", "personalised_ads"),
        ("未满14周岁的儿童应在监护人陪同下使用。", "children"),
        ("You can unsubscribe from our newsletter whenever you like.", "user_rights"),
        ("您有权撤回同意。", "user_rights"),
        ("请写信至 privacy@harbour.example。", "contact"),
    ],
)
def test_topic(text: str, kind: str) -> None:
    assert f"topic:{kind}" in subjects(read_loaded(from_text(text)), "states")


def test_explain_tells_verb_condition_and_definition() -> None:
    told = "\n".join(explain(from_text(POLICY), 12))
    assert "collected: device_info “equipment information”" in told
    assert "verb “use” (use), by the app" in told
    assert "defined on line 21 (“Device information”): 3 members follow by it" in told
    assert "heading: declares nothing" in "\n".join(explain(from_text(POLICY), 13))
    assert explain(from_text(POLICY), 999) == [f"policy.txt has lines 1 to {POLICY.count(chr(10)) + 1}"]


def test_a_denial_under_a_condition_declares_what_the_condition_allows() -> None:
    for text, condition in (
        ("We will not collect your location unless you consent.", "after_consent"),
        ("我们不会收集您的位置信息，除非您同意。", "after_consent"),
        ("We do not collect your location before you agree.", "after_consent"),
    ):
        facts = [f for f in read_loaded(from_text(text)).facts if f.subject == "data:location"]
        assert [f.stance for f in facts] == ["denied", "declared"]
        assert facts[0].condition
        assert condition in facts[1].condition
        assert span(facts[1]).via is not None
        assert ("basis", "implied:denial") in facts[1].attributes
    flat = read_loaded(from_text("We do not collect your location.")).facts
    assert [f.stance for f in flat if f.subject == "data:location"] == ["denied"]


def test_each_recipient_of_a_sentence_is_a_fact() -> None:
    for text, parties in (
        ("We share your IMEI with Google, Facebook and our payment processors.",
         ["party:Google", "party:Facebook", "party:payment processors"]),
        ("我们会将您的手机号码提供给支付机构、物流公司和广告商。", ["party:支付机构", "party:物流公司", "party:广告商"]),
    ):  # fmt: skip
        result = read_loaded(from_text(text))
        assert [f.recipient for f in result.facts if f.action == "shares"] == parties
        check_spans(result)


def test_the_sdk_at_whose_entry_a_list_stands_collects_it() -> None:
    text = (
        "三、第三方SDK目录\n"
        "1）“极光推送”：该SDK由某公司提供，用于推送通知。需要收集的信息包括：\n"
        "设备信息（Android ID、OAID）\n"
        "Bugly\n某公司提供的崩溃分析SDK\n用于定位崩溃原因\n会收集设备型号、崩溃信息\n"
        "友盟统计SDK\n使用目的：统计分析\n收集的个人信息：MAC地址\n隐私政策：见官网\n"
    )
    result = read_loaded(from_text(text))
    check_spans(result)
    assert {(f.actor, f.subject) for f in result.facts if f.action == "collects"} == {
        ("sdk:jpush", "data:android_id"), ("sdk:jpush", "data:oaid"),
        ("sdk:bugly", "data:device_model"), ("sdk:bugly", "data:crash_info"),
        ("sdk:umeng-analytics", "data:mac"),
    }  # fmt: skip


LISTED = [
    ("Details that you give us\n\nWe keep to the law.\n", ""),
    ("Information we collect automatically\n\nYour IP address and Android ID\n\nYour carrier\n",
     "c:ip c:android_id c:carrier"),
    ("Data we collect from your phone. Your IMEI; Your time zone.", "c:imei c:time_zone"),
    ("We log your visits. This information may include your IP address and your carrier.", "c:ip c:carrier"),
    ("Personally identifiable information may include, but is not limited to: your gender; your IP address.",
     "c:gender c:ip"),
    ("我们收集的数据可能包括：\n* 基本信息：昵称、生日；\n* 位置信息：IP地址；", "c:nickname c:birth_date c:ip"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), LISTED)
def test_lists_take_their_frame_from_what_leads_them_in(text: str, found: str) -> None:
    assert declared(text) == expected(found)


def test_the_quoted_name_of_the_product_names_no_data() -> None:
    text = "“语音导出”软件由我们提供。使用“语音导出”服务时，我们会收集昵称。“语音导出”软件会使用您的IMEI。使用“语音导出”客户端时请注意。"
    assert declared(text) == expected("c:nickname c:imei")


def test_special_powers_are_permissions_wherever_they_stand() -> None:
    for text, stance, name in (
        ("We use the Accessibility Service to fill in your codes.", "declared", "BIND_ACCESSIBILITY_SERVICE"),
        ("The app does not use accessibility services.", "denied", "BIND_ACCESSIBILITY_SERVICE"),
        ("跳过广告需要使用无障碍服务。", "declared", "BIND_ACCESSIBILITY_SERVICE"),
        ("同步消息时需要您授予通知使用权。", "declared", "BIND_NOTIFICATION_LISTENER_SERVICE"),
        ("加速时会建立VPN连接。", "declared", "BIND_VPN_SERVICE"),
        ("The device administrator is needed to lock the screen.", "declared", "BIND_DEVICE_ADMIN"),
        ("我们会申请悬浮窗权限。", "declared", "SYSTEM_ALERT_WINDOW"),
    ):
        facts = [f for f in read_loaded(from_text(text)).facts if f.action == "requests"]
        assert {(f.stance, f.subject) for f in facts} == {(stance, f"permission:android.permission.{name}")}


def test_the_following_data_points_ahead_not_back() -> None:
    text = "The e-mail address you give is used to reset the password.\n\nThe following data may be transferred to Google: IP address."
    facts = read_loaded(from_text(text)).facts
    assert {f.subject for f in facts if f.action == "shares"} == {"data:ip"}


def test_what_personal_information_is_said_to_be_counts_only_where_it_is_collected() -> None:
    term = "“Personal information” means facts that point to you, such as your name and email address.\n\n"
    assert declared(term + "We do not collect any personal information.") == set()
    assert declared(term + "We collect personal information when you join.") >= {
        ("collected", "name"),
        ("collected", "email"),
    }
    same = "Personal data means facts that identify you (e.g. your name). We store personal data."
    assert ("collected", "name") in declared(same)
    law = (
        "“Personal information” means anything recorded about a person, such as a name.\n\nWe collect it.\n\n"
    )
    assert ("collected", "name") not in declared(law + "We collect personal information.")
