"""What the law asks a policy to say, and whether it says it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from appaudit.knowledge.load import toml
from appaudit.knowledge.regulations import clauses
from appaudit.policy import PolicyResult, read
from appaudit.policy.completeness import completeness, completeness_gaps
from appaudit.policy.document import from_text
from appaudit.policy.read import read_loaded
from appaudit.records import PolicySpan
from tests.policy import make

FULL = {
    "zh": """示例商城隐私政策
更新日期：2025年3月1日
本应用由海城示例科技有限公司运营，下称“我们”。
为完成注册，我们收集您的手机号码、头像、IP地址、设备型号和搜索记录，用于向您提供服务。
附加功能：当您使用扫码功能时，我们会获取照片。
服务器会自动收集访问日志。我们也会从合作伙伴处获取您的第三方账号信息。
身份证号属于敏感个人信息。
开启相机权限后可以扫码。
我们会将订单信息共享给物流公司。
我们委托短信服务商处理您的手机号码。
我们不公开您的个人信息。
如发生合并、分立，我们会要求新的主体继续保护您的信息。
上述信息存储在中华人民共和国境内，不会向境外提供个人信息。
搜索记录保存六个月，注销账号后我们将删除您的信息。
传输采用HTTPS加密。如发生安全事件，我们会及时告知您。
您可以在设置中查询、更正您的个人信息，也可以申请删除您的个人信息，获取个人信息副本。
您可以撤回同意，或者注销账号。
我们会在15个工作日内答复。对答复不满意的，您可以向监管部门投诉或者向法院起诉。
您可以在设置中关闭个性化推荐。您可以在浏览器中清除Cookie。
未成年人应在监护人同意后使用。
政策变更时我们会以弹窗通知您。
我们不会出售您的信息。
履行合同所必需的除外，我们会先征得您的同意；如您拒绝，将无法使用该功能。
个人信息保护负责人邮箱：dpo@example.com
""",
    "en": """Example Shop Privacy Policy
Last updated: 1 March 2025
This app is operated by Example Shop Co., Ltd (“we”).
To complete registration we collect your phone number, avatar, IP address, device model and search history.
Additional functions: when you use the scanner we collect photos.
The server will automatically collect access logs. We also obtain account details from our partners.
Your identity card number is sensitive personal information.
The camera permission is asked for when you scan a code.
We share order information with our logistics partners.
We entrust a text message provider with your phone number.
We do not publicly disclose your data.
In a merger or acquisition we will ask the new holder to go on protecting it.
Data are stored in Singapore, and we will not transfer personal information overseas without your consent.
We keep search history for six months.
Transport is encrypted with HTTPS. In case of a security incident we will inform you.
You can access and correct your personal information, request that we delete it, and ask for a copy of it.
You may withdraw your consent, or delete your account, at any time.
We reply within 15 working days. You may complain to the supervisory authority.
You can turn off personalised recommendations. You can block cookies in the browser.
Minors need the consent of a parent.
We will notify you of changes to this policy with a pop-up.
We do not sell your data. If you refuse, you will not be able to use that function.
Our data protection officer: dpo@example.com
""",
}
BARE = {
    "zh": "隐私政策\n我们重视您的隐私。我们会收集您的信息以提升服务体验。"
    "我们会在必要的期限内保存信息。请联系在线客服。\n",
    "en": "Privacy Policy\nWe value privacy. We collect information to improve our services. "
    "We keep it as long as necessary. Contact us through the app.\n",
}


def statuses(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "policy.txt"
    path.write_text(text, encoding="utf-8")
    return {item.id: item.status for item in completeness(read([path]))}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_full_policy_misses_only_the_sdk_list(tmp_path: Path, language: str) -> None:
    found = statuses(tmp_path, FULL[language])
    assert {key for key, status in found.items() if status != "present"} == (
        {"sdk_list"} if language == "zh" else {"sdk_list", "chinese"}
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_sentence_of_a_full_policy_carries_something(tmp_path: Path, language: str) -> None:
    """Taking a line away never adds an item, and for most lines some item is no longer present."""
    lines = FULL[language].splitlines()
    full = statuses(tmp_path, FULL[language])
    felt = 0
    for index in range(1, len(lines)):
        less = statuses(tmp_path, "\n".join(lines[:index] + lines[index + 1 :]))
        assert not [k for k in full if full[k] != "present" and less[k] == "present"]
        felt += any(less[k] != full[k] for k in full)
    assert felt >= 0.7 * (len(lines) - 1)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_bare_policy_is_vague_or_silent(tmp_path: Path, language: str) -> None:
    found = statuses(tmp_path, BARE[language])
    assert {key for key, status in found.items() if status == "vague"} == {
        "contact",
        "data_types",
        "purposes",
        "retention",
    }
    assert found["cross_border"] == found["personalised"] == found["cookies"] == "not_applicable"
    assert not [key for key, status in found.items() if status == "present" and key != "chinese"]


def test_what_is_found_is_quoted_and_what_is_not_tells_the_search(tmp_path: Path) -> None:
    path = tmp_path / "policy.txt"
    path.write_text(FULL["zh"] + "\n我们会告知您联系方式。", encoding="utf-8")
    result = read([path])
    lines = result.texts["policy.txt"].split("\n")
    for item in completeness(result):
        if item.status == "present":
            assert item.evidence
        else:
            assert item.searched
        for span in item.evidence:
            assert isinstance(span, PolicySpan)
            assert lines[span.line - 1][span.start : span.end] == span.quote


def test_a_profile_asks_for_its_own_clauses_only(tmp_path: Path) -> None:
    path = tmp_path / "policy.txt"
    path.write_text(FULL["en"], encoding="utf-8")
    result = read([path])
    china = {item.id: item.clauses for item in completeness(result, "cn")}
    europe = {item.id: item.clauses for item in completeness(result, "eu")}
    assert "public_disclosure" in china
    assert "public_disclosure" not in europe
    assert {c.split("-")[0] for found in europe.values() for c in found} == {"EU"}


def test_the_facts_say_what_is_omitted(tmp_path: Path) -> None:
    path = tmp_path / "policy.txt"
    path.write_text(BARE["en"], encoding="utf-8")
    facts = {f.subject: f for f in read([path]).facts if f.subject.startswith("notice:")}
    missing = facts["notice:children"]
    assert (missing.stance, missing.action, missing.evidence) == ("observed", "omits", ())
    assert "parent" in missing.attribute["searched"]
    vague = facts["notice:retention"]
    assert (vague.stance, vague.action, vague.attribute["status"]) == ("declared", "states", "vague")
    assert set(vague.attribute["clauses"].split()) <= set(clauses())


def test_an_sdk_list_alone_is_not_asked_to_be_a_policy(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(make.workbook())
    result = read([path])
    assert completeness(result) == []
    assert completeness(PolicyResult([], {}, [], [])) == []


def test_a_list_beside_the_policy_makes_its_item_present(tmp_path: Path) -> None:
    (tmp_path / "policy.txt").write_text(FULL["zh"], encoding="utf-8")
    (tmp_path / "list.xlsx").write_bytes(make.workbook())
    found = {item.id: item for item in completeness(read([tmp_path]))}
    assert found["sdk_list"].status == "present"


def test_the_items_name_clauses_and_patterns_that_exist() -> None:
    known = toml("completeness.toml")
    ids = [row["id"] for row in known["item"]]
    assert len(ids) == len(set(ids))
    for row in known["item"]:
        assert row["clauses"]
        assert set(row["clauses"]) <= set(clauses()), row["id"]
        for kind in ("present", "vague", "when", "none"):
            for language, patterns in row.get(kind, {}).items():
                assert language in ("zh", "en")
                for pattern in patterns:
                    for part in pattern.split(" && "):
                        re.compile(part)


def test_the_search_is_linear_in_the_text() -> None:
    """Quantifiers are bounded by sentence; a hostile line is cut into pieces."""
    for row in toml("completeness.toml")["item"]:
        for kind in ("present", "vague", "when"):
            for patterns in row.get(kind, {}).values():
                for pattern in patterns:
                    assert not re.search(r"\][*+][^)]*\][*+]", pattern), pattern
                    assert ".*" not in pattern, pattern


def test_a_document_that_is_cut_is_not_examined_in_full() -> None:
    head = "Harbour Notes Privacy Policy\nWe collect your IMEI, IP address, gender and nickname.\n"
    lines = "".join(f"Line {n} of this text says that we keep to the law.\n" for n in range(7_000))
    result = read_loaded(from_text(head + lines))
    assert "document_cut" in {g.code for g in result.gaps}
    assert {i.status for i in completeness(result)} == {"present", "not_examined"}
    assert [g.scope for g in completeness_gaps(completeness(result))] == ["completeness"]
    assert "not examined in full" in completeness_gaps(completeness(result))[0].reason
    short = read_loaded(from_text(head))
    assert completeness_gaps(completeness(short)) == []
    assert "missing" in {i.status for i in completeness(short)}


def test_a_long_list_beside_the_policy_does_not_cut_the_policy(tmp_path: Path) -> None:
    """Only what is judged counts: the SDK list is searched for nothing."""
    (tmp_path / "policy.txt").write_text(FULL["en"], encoding="utf-8")
    rows = "".join(f"Tally{n} SDK\tdevice model {n}\n" for n in range(14_000))
    (tmp_path / "SDK list.txt").write_text("Third-party SDK list\n" + rows, encoding="utf-8")
    result = read([tmp_path])
    assert "sdk_list" in {d.role for d in result.documents}
    assert "not_examined" not in {i.status for i in completeness(result)}


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ('Plover Ltd. ("we") publishes the Plover app. We collect your name.', "operator"),
        ("We collect your name. This notice applies from 1 March 2026.", "effective_date"),
        ("我们会收集您的手机号。本政策自2026年3月1日起施行。", "effective_date"),
    ],
)
def test_other_words_for_it(text: str, item: str) -> None:
    found = {i.id: i for i in completeness(read_loaded(from_text(text)))}
    assert found[item].status == "present"
