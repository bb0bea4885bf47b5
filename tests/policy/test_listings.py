"""Lists as tables: SDKs, permissions, personal information, Google's Data safety form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.knowledge.permissions import permissions
from appaudit.policy import read
from appaudit.policy.cells import types_in
from appaudit.policy.document import LoadedDocument
from appaudit.policy.listings import column, listing_facts
from appaudit.policy.load import load_bytes
from appaudit.policy.read import read_loaded
from appaudit.records import Fact, ListingRow, PolicySpan
from tests.policy import make

KNOWN = (
    ("SDK名称", "收集个人信息类型", "使用目的", "共享方式", "公司"),
    ("极光推送SDK", "IMEI、MAC地址；不收集位置信息", "消息推送", "SDK本机采集", "和讯华谷"),
    ("友盟统计", "必选：Android ID；可选：相册", "统计分析", "后台接口传输", "友盟"),
)


def facts_of(document: LoadedDocument) -> list[Fact]:
    return listing_facts(document)[0]


def short(facts: list[Fact]) -> set[tuple[str, str, str, str]]:
    return {(f.stance, f.actor, f.action, f.subject) for f in facts}


@pytest.mark.parametrize(
    "shape", ["csv", "xlsx", "html", "md", "sideways", "labelled", "tabbed", "barred", "stacked"]
)
def test_an_sdk_list_gives_the_same_facts_in_any_shape(shape: str) -> None:
    head, *rows = KNOWN
    if shape == "csv":
        document = load_bytes("SDK目录.csv", "\n".join(",".join(r) for r in KNOWN).encode("gbk"))
    elif shape == "xlsx":
        document = load_bytes("SDK目录.xlsx", make.workbook(KNOWN))
    elif shape == "html":
        body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in r) + "</tr>" for r in KNOWN)
        document = load_bytes("SDK目录.html", f"<table>{body}</table>".encode())
    elif shape == "md":
        lines = ["|".join(r) for r in KNOWN]
        document = load_bytes("SDK目录.md", "\n".join([lines[0], "|".join("-" * 5), *lines[1:]]).encode())
    elif shape == "sideways":
        pairs = [(h, c) for r in rows for h, c in zip(head, r, strict=True)]
        body = "".join(f"<tr><td>{h}</td><td>{c}</td></tr>" for h, c in pairs)
        document = load_bytes("SDK目录.html", f"<table>{body}</table>".encode())
    elif shape in ("tabbed", "barred", "stacked"):
        between = {"tabbed": "\t", "barred": " | ", "stacked": "\n"}[shape]
        text = (
            "以下是我们接入的SDK。\n" + "\n".join(between.join(r) for r in KNOWN) + "\n一、联系我们\n请来信。"
        )
        document = load_bytes("SDK目录.txt", text.encode())
    else:
        text = "\n".join(f"{h}：{c}" for r in rows for h, c in zip(head, r, strict=True))
        document = load_bytes("SDK目录.txt", text.encode())
    facts = facts_of(document)
    assert short(facts) == {
        ("declared", "app", "embeds", "sdk:jpush"),
        ("declared", "sdk:jpush", "collects", "data:imei"),
        ("declared", "sdk:jpush", "collects", "data:mac"),
        ("denied", "sdk:jpush", "collects", "data:location"),
        ("declared", "app", "embeds", "sdk:umeng-analytics"),
        ("declared", "app", "shares", "data:android_id"),
        ("declared", "app", "shares", "data:album"),
    }
    assert {f.source for f in facts} == {"listing"}
    assert {f.purpose for f in facts} == {"消息推送", "统计分析"}
    album = next(f for f in facts if f.subject == "data:album")
    assert (album.recipient, album.condition) == ("sdk:umeng-analytics", ("optional",))
    for fact in facts:
        first = fact.evidence[0]
        if shape in ("csv", "xlsx"):
            assert isinstance(first, ListingRow)
            assert first.value in document.lines[first.row - 1]
        else:
            assert isinstance(first, PolicySpan)
            assert document.lines[first.line - 1][first.start : first.end] == first.quote


def test_an_unknown_sdk_keeps_its_name() -> None:
    facts = facts_of(load_bytes("a.xlsx", make.workbook()))
    assert ("declared", "app", "embeds", "party:云帆推送") in short(facts)
    assert ("declared", "party:云帆推送", "collects", "data:imei") in short(facts)


def test_permissions_by_constant_and_in_words() -> None:
    source = (
        "# 权限说明\n|权限名称|使用目的|是否必选|\n|--|--|--|\n"
        "|相机（CAMERA）|扫码|否|\n|读取手机状态|安全|是|\n"
        "|com.vendor.permission.PUSH|推送|是|\n"
    )
    facts = facts_of(load_bytes("p.md", source.encode()))
    assert {(f.subject, f.purpose, f.condition) for f in facts} == {
        ("permission:android.permission.CAMERA", "扫码", ("optional",)),
        ("permission:android.permission.READ_PHONE_STATE", "安全", ()),
        ("permission:com.vendor.permission.PUSH", "推送", ()),
    }
    assert {f.action for f in facts} == {"requests"}


def test_a_list_of_personal_information_and_another_platform() -> None:
    source = (
        "<table><tr><th>Data type<th>Purpose<th>Platform<tr><td>Email address<td>account<td>Android"
        "<tr><td>Photos<td>avatar<td>iOS<tr><td>N/A<td>-<td>Android</table>"
    )
    facts = facts_of(load_bytes("p.html", source.encode()))
    assert short(facts) == {("declared", "app", "collects", "data:email")}


def test_tables_that_are_no_lists_give_nothing() -> None:
    source = "<table><tr><th>Date<th>Change<tr><td>2024<td>We collect email</table>"
    assert facts_of(load_bytes("p.html", source.encode())) == []


def test_a_list_inside_a_policy_is_read_once_and_as_the_policy(tmp_path: Path) -> None:
    path = tmp_path / "p.docx"
    path.write_bytes(make.word())
    result = read([path])
    imei = [f for f in result.facts if f.subject == "data:imei"]
    assert [(f.source, f.actor) for f in imei] == [("policy", "party:云帆推送")]
    embedded = [f for f in result.facts if f.action == "embeds"]
    assert [f.subject for f in embedded] == ["party:云帆推送", "party:晨星统计"]


HEADS = {
    "sdk": ["第三方SDK名称", "SDK", "Name of the SDK"],
    "data": ["SDK 收集的个人信息类型", "Personal data collected", "共享信息字段"],
    "purpose": ["收集个人信息的目的", "Purpose of processing", "业务功能"],
    "link": ["SDK隐私政策链接", "Privacy Policy URL"],
    "company": ["第三方公司名称", "SDK provider"],
    "method": ["共享方式"],
    "package": ["包名"],
    "permission": ["申请的权限", "Permission"],
    "required": ["是否必选"],
    "index": ["序号"],
    None: ["x", "", "y" * 100],
}


@pytest.mark.parametrize(("head", "name"), [(head, name) for name, heads in HEADS.items() for head in heads])
def test_heads_of_columns(head: str, name: str | None) -> None:
    assert column(head) == name


# ----------------------------------------------------------------------------- Data safety form

HEAD = "Question ID (machine readable),Response ID (machine readable),Response value,Requirement,Label\r\n"
EMAIL = "PSL_DATA_USAGE_RESPONSES:PSL_EMAIL"


def form(*rows: tuple[str, str, str]) -> LoadedDocument:
    body = "".join(f'{q},{r},{v},X,"a label, in\nany language"\r\n' for q, r, v in rows)
    return load_bytes("data_safety.csv", (HEAD + body).encode("utf-8-sig"))


def test_the_data_safety_form_is_read_by_its_ids() -> None:
    result = read_loaded(
        form(
            ("PSL_DATA_COLLECTION_COLLECTS_PERSONAL_DATA", "", "true"),
            ("PSL_DATA_COLLECTION_ENCRYPTED_IN_TRANSIT", "", "TRUE"),
            ("PSL_SUPPORT_DATA_DELETION_BY_USER", "DATA_DELETION_NO", "true"),
            ("PSL_DATA_TYPES_PERSONAL", "PSL_EMAIL", "true"),
            ("PSL_DATA_TYPES_PERSONAL", "PSL_PHONE", ""),
            ("PSL_DATA_TYPES_CONTACTS", "PSL_CONTACTS", "false"),
            (
                f"{EMAIL}:PSL_DATA_USAGE_COLLECTION_AND_SHARING",
                "PSL_DATA_USAGE_ONLY_COLLECTED",
                "true",
            ),
            (
                f"{EMAIL}:PSL_DATA_USAGE_COLLECTION_AND_SHARING",
                "PSL_DATA_USAGE_ONLY_SHARED",
                "true",
            ),
            (f"{EMAIL}:DATA_USAGE_USER_CONTROL", "PSL_DATA_USAGE_USER_CONTROL_OPTIONAL", "true"),
            (f"{EMAIL}:DATA_USAGE_COLLECTION_PURPOSE", "PSL_ACCOUNT_MANAGEMENT", "true"),
            (f"{EMAIL}:DATA_USAGE_SHARING_PURPOSE", "PSL_ADVERTISING", "true"),
            (f"{EMAIL}:PSL_DATA_USAGE_EPHEMERAL", "", "false"),
        )
    )
    assert result.documents[0].role == "data_safety"
    assert {(f.stance, f.action, f.subject, f.purpose, f.condition) for f in result.facts} == {
        ("declared", "collects", "data:email", "account management", ("optional",)),
        ("declared", "shares", "data:email", "advertising or marketing", ()),
        ("declared", "states", "topic:transport_security", None, ()),
        ("denied", "states", "topic:user_rights", None, ()),
    }
    for fact in result.facts:
        for row in fact.evidence:
            assert isinstance(row, ListingRow)
            assert result.texts["data_safety.csv"].split("\n")[row.row - 1].startswith(row.column)
    assert result.gaps == []


def test_a_form_that_declares_no_data_denies_it() -> None:
    (fact,) = read_loaded(form(("PSL_DATA_COLLECTION_COLLECTS_PERSONAL_DATA", "", "false"))).facts
    assert (fact.stance, fact.subject) == ("denied", "data:personal_info")


def test_an_entry_that_names_no_sdk_for_certain_says_which_it_may_mean() -> None:
    table = (
        "| SDK名称 | 公司 | 收集信息 |\n|---|---|---|\n"
        "| Adjusst | adjust GmbH | IMEI |\n| Adjust | | IMEI |\n"
    )
    facts = [f for f in facts_of(load_bytes("SDK目录.md", table.encode())) if f.action == "embeds"]
    assert [f.subject for f in facts] == ["party:Adjusst", "sdk:adjust"]
    assert facts[0].attribute["may_be"] == "adjust:0.6"
    assert "may_be" not in facts[1].attribute


def test_what_the_form_leaves_open_is_a_gap() -> None:
    result = read_loaded(
        form(("PSL_DATA_TYPES_PERSONAL", "PSL_EMAIL", "true"), ("PSL_DATA_TYPES_NEW", "PSL_AURA", "true"))
    )
    assert {g.code for g in result.gaps} == {"incomplete_listing", "unknown_data_type"}
    assert {f.subject for f in result.facts} == {"data:email"}


# ------------------------------------------------------------------------------ the knowledge


def test_the_words_of_lists_name_what_exists() -> None:
    known = toml("listings.toml")
    assert set(known["permissions"]) <= set(permissions())
    columns = {row["id"] for row in known["column"]}
    for row in known["list"]:
        assert {c for some in row["all"] for c in some} | set(row.get("unless", ())) <= columns
    patterns = [p for row in known["column"] for p in row.get("head", ())]
    patterns += [p for words in (known["cell"] | known["permissions"]).values() for p in words]
    for pattern in patterns:
        re.compile(pattern)
    types = {t for ids in toml("data_safety.toml")["types"].values() for t in ids}
    assert types <= set(data_types())


def test_labels_of_running_text_are_no_list() -> None:
    text = (
        "关联公司：指由本公司控制的公司。\n个人信息：指能识别您的信息。\n"
        + "本段不含任何标签。\n" * 9
        + "相机权限：我们会使用摄像头拍照。\n麦克风权限：我们会收集您的语音。\n保存期限：一年。\n"
    )
    found = {f.subject for f in read_loaded(load_bytes("p.txt", text.encode())).facts}
    assert {"data:camera", "data:voice"} <= found


@pytest.mark.parametrize(
    ("cell", "data"),
    [
        ("【Android+iOS】IP地址、SSID", {"ip", "ssid"}),
        ("【iOS】IDFA【Android】IMEI", {"imei"}),
        ("安卓：IMEI；仅iOS端：IDFA", {"imei"}),
    ],
)
def test_what_another_platform_alone_collects_is_left_out(cell: str, data: set[str]) -> None:
    assert {found.id for found in types_in(cell)} == data


def test_heads_of_two_rows_in_plain_text() -> None:
    rows = (
        "收集的个人信息 | | 收集目的",
        ":--- | :--- | ---",
        "类型 | 字段 | ",
        "网络 | SSID、IP地址 | 联网",
        "设备 | | 统计",
    )
    document = load_bytes("p.txt", "\n".join(f"| {row} |" for row in rows).encode())
    facts = facts_of(document)
    assert {f.subject for f in facts} == {"data:ssid", "data:ip"}
    assert {f.purpose for f in facts} == {"联网"}


@pytest.mark.parametrize(
    ("rows", "data"),
    [
        ("开票 发票抬头、邮箱 用于寄送发票 送货 收货地址 用于送货", {"invoice_info", "email", "address"}),
        ("我们重视您的个人信息 我们会说到您的邮箱 完", set()),
        ("收集方式 必要性 完 完 完 完 完", set()),
    ],
)
def test_a_table_one_cell_a_line_ends_where_a_cell_cannot_stand(rows: str, data: set[str]) -> None:
    lines = ["隐私政策", "功能", "个人信息", "使用目的", *rows.split(), "二、共享", "我们不共享邮箱。"]
    document = load_bytes("p.txt", "\n".join(lines).encode())
    assert {f.subject.removeprefix("data:") for f in facts_of(document)} == data


def test_prose_in_the_rows_of_a_list_is_read_with_its_conditions() -> None:
    text = (
        "| Information Category | Description |\n"
        "| Partners | We obtain your email address from our partners when you buy something. |\n"
        "| Phone number | You give us your phone number only if you ask us to call you back. |\n"
    )
    facts = read_loaded(load_bytes("policy.txt", text.encode())).facts
    found = {(f.subject, f.condition) for f in facts if f.action == "collects"}
    assert {subject for subject, _ in found} == {"data:email", "data:phone_number"}
    assert all(any(c.startswith("if:") for c in condition) for _, condition in found)


def test_a_table_names_several_recipients_in_one_cell_or_none() -> None:
    page = (
        "<table><tr><th>Category</th><th>Data</th><th>Purpose</th><th>Recipients</th></tr>"
        "<tr><td>Device</td><td>Advertising ID</td><td>Ads</td><td>Heron, Dove Co., Ltd.</td></tr>"
        "<tr><td>Device</td><td>Android ID</td><td>Security</td><td>-</td></tr></table>"
    )
    facts = facts_of(load_bytes("policy.html", page.encode()))
    assert {(f.action, f.subject, f.recipient) for f in facts} == {
        ("shares", "data:gaid", "party:Heron"),
        ("shares", "data:gaid", "party:Dove Co., Ltd."),
        ("collects", "data:android_id", None),
    }


@pytest.mark.parametrize(
    "text",
    [
        "应用权限说明\n相机：用于扫码\n麦克风：用于语音\n",
        "App Permissions\nCamera: scan\nMicrophone: notes\n",
    ],
)
def test_a_list_of_permissions_needs_no_table(text: str) -> None:
    document = load_bytes("permissions.txt", text.encode())
    assert not document.gaps
    assert [f.subject.rpartition(".")[2] for f in facts_of(document)] == ["CAMERA", "RECORD_AUDIO"]
    assert all(f.purpose for f in facts_of(document))


SDK_TABLE = (
    "<table><tr><th>SDK name</th><th>Provider</th><th>Data collected</th></tr>"
    "<tr><td>Firebase Analytics</td><td>Google</td><td>Device model, IP address</td></tr>"
    "<tr><td>Adjust</td><td>Adjust GmbH</td><td>Advertising ID</td></tr></table>"
)


@pytest.mark.parametrize(
    ("name", "text", "role"),
    [
        ("third.html", f"<html><body>{SDK_TABLE}</body></html>", "sdk_list"),
        (
            "third.csv",
            "SDK,Provider,Data\nFirebase Analytics,Google,Device model\n",
            "sdk_list",
        ),
        ("asked.csv", "Permission,Purpose\nandroid.permission.CAMERA,To scan codes\n", "permission_list"),
        (
            "whole.html",
            f"<html><p>We collect your e-mail address. These help:</p>{SDK_TABLE}</html>",
            "policy",
        ),
    ],
)
def test_a_list_without_a_title_is_no_policy(tmp_path: Path, name: str, text: str, role: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    result = read([path])
    [document] = result.documents
    assert (document.role, document.language) == (role, "en")
    assert not {g.code for g in result.gaps} & {"language_unknown", "not_a_policy"}
    assert bool([f for f in result.facts if f.action == "omits"]) == (role == "policy")
