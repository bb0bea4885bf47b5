"""Two versions of a policy, in one language or in two."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.policy import PolicyResult, read
from appaudit.policy.diff import UNCONDITIONAL, Change, PolicyDiff, diff, promises
from appaudit.records import Document, Fact, PolicySpan

ROOT = Path(__file__).resolve().parents[2]
POLICIES = ROOT.parent / "shared" / "policies"
ZH, EN = POLICIES / "001_bc6a763172dc167f.txt", POLICIES / "000_730598c9f39f9b28.txt"


def fact(
    subject: str,
    action: str = "collects",
    stance: str = "declared",
    condition: tuple[str, ...] = (),
    recipient: str | None = None,
    line: int = 1,
    basis: str = "explicit",
) -> Fact:
    span = PolicySpan("p.txt", line, 0, 1, "x")
    return Fact(
        "policy",
        stance,  # type: ignore[arg-type]
        "app",
        action,
        subject,
        condition=condition,
        recipient=recipient,
        evidence=(span,),
        attributes=(("basis", basis),),
    )


def version(*facts: Fact, text: str = "", language: str = "en") -> PolicyResult:
    document = Document("p.txt", "text", language, "utf-8", 0, "", 1)
    return PolicyResult([document], {"p.txt": text}, list(facts), [])


def only(found: PolicyDiff) -> Change:
    (change,) = found.changes
    return change


def test_the_same_declarations_are_no_change() -> None:
    facts = (fact("data:imei"), fact("data:mac", "shares", recipient="party:our partners"))
    found = diff(version(*facts), version(*reversed(facts)))
    assert (found.changes, found.unchanged) == ((), 2)


def test_declarations_that_came_and_went() -> None:
    found = diff(version(fact("data:imei")), version(fact("data:mac", line=7)))
    assert [(c.kind, c.subject) for c in found.changes] == [("added", "data:mac"), ("removed", "data:imei")]
    added, removed = found.changes
    assert added.old_quote is None
    assert added.new_quote == PolicySpan("p.txt", 7, 0, 1, "x")
    assert removed.new_facts == ()


def test_a_removed_type_that_a_broader_word_still_covers_is_told() -> None:
    found = diff(version(fact("data:imei"), fact("data:device_info")), version(fact("data:device_info")))
    assert (only(found).kind, only(found).broader) == ("removed", "device_info")


@pytest.mark.parametrize(
    ("old", "new", "kind", "gone", "came"),
    [
        (fact("data:imei"), fact("data:imei", stance="denied"), "polarity", "declared", "denied"),
        (
            fact("data:imei"),
            fact("data:imei", "processes_locally"),
            "polarity",
            "declared",
            "on the device only",
        ),
        (
            fact("data:imei", condition=("background",)),
            fact("data:imei"),
            "condition",
            "background",
            UNCONDITIONAL,
        ),
        (
            fact("data:imei", "shares", recipient="party:关联公司"),
            fact("data:imei", "shares", recipient="party:our advertisers"),
            "recipient",
            "affiliate",
            "advertiser",
        ),
        (
            fact("data:imei", "shares", recipient="sdk:jpush"),
            fact("data:imei", "shares", recipient="sdk:getui-push"),
            "recipient",
            "sdk:jpush",
            "sdk:getui-push",
        ),
    ],
)
def test_what_changed_in_a_declaration(old: Fact, new: Fact, kind: str, gone: str, came: str) -> None:
    change = only(diff(version(old), version(new)))
    assert (change.kind, change.old, change.new) == (kind, (gone,), (came,))
    assert (change.old_facts, change.new_facts) == ((old,), (new,))


def test_the_statement_that_shows_the_change_comes_first() -> None:
    plain = fact("data:imei", line=1)
    behind = fact("data:imei", condition=("background",), line=9, basis="definition:device_info")
    said = fact("data:imei", condition=("background",), line=5)
    change = only(diff(version(plain, behind, said), version(plain)))
    assert [f.evidence[0].line for f in change.old_facts if isinstance(f.evidence[0], PolicySpan)] == [
        5,
        9,
        1,
    ]


def test_conditions_in_words_are_compared_within_one_language_only() -> None:
    old = fact("data:imei", condition=("if:when you register",))
    new = fact("data:imei", condition=("if:当您注册时",))
    across = diff(version(old), version(new, language="zh"))
    assert across.changes == ()
    assert across.notes
    within = diff(version(old), version(fact("data:imei", condition=("if:when you pay",))))
    assert only(within).kind == "condition"
    assert within.notes == ()
    respelt = diff(version(old), version(fact("data:imei", condition=("if:When you  register,",))))
    assert respelt.changes == ()


CLAUSE_ZH = (
    "政策更新\n对于重大变更，我们会以弹窗通知您。\n本政策所称重大变更包括：\n\n"
    "1、收集的个人信息类型发生变化；\n\n2、您的权利发生变化。\n\n其他\n1、共享对象见附录。\n"
)
CLAUSE_EN = (
    "For material changes we will send a notice.\nMaterial changes include:\n"
    "a) changes in the recipients with whom data are shared;\nb) changes of contact channels.\nEnd.\n"
)


@pytest.mark.parametrize(
    ("text", "topics", "lines"),
    [
        (CLAUSE_ZH, {"data", "rights"}, [2, 3, 5, 7]),
        (CLAUSE_EN, {"sharing", "contact"}, [1, 2, 3, 4]),
        (
            "Major changes will be announced.",
            {"data", "sharing", "rights", "contact", "operator", "other"},
            [1],
        ),
        ("We may change this policy.", set(), []),
    ],
)
def test_the_clause_on_material_changes(text: str, topics: set[str], lines: list[int]) -> None:
    spans, found = promises(version(text=text))
    assert (set(found), [s.line for s in spans]) == (topics, lines)
    for span in spans:
        assert text.split("\n")[span.line - 1][span.start : span.end] == span.quote


def test_only_what_the_older_version_promises_is_promised() -> None:
    old = version(fact("data:imei"), fact("data:mac", "shares"), text=CLAUSE_ZH)
    promised = {c.subject: c.promised for c in diff(old, version(text=CLAUSE_EN)).changes}
    assert promised == {"data:imei": True, "data:mac": False}
    assert not any(c.promised for c in diff(version(fact("data:imei")), version(text=CLAUSE_ZH)).changes)


def test_two_languages_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text(
        f"示例商城隐私政策\n\n我们会在后台运行时收集您的MAC地址。\n我们会收集您的手机号码和通讯录。\n\n{CLAUSE_ZH}",
        encoding="utf-8",
    )
    (tmp_path / "new.txt").write_text(
        "Example Shop Privacy Policy\n\nWe collect your MAC address.\nWe collect your phone number.\n"
        "We do not collect your contacts.\nWe collect your location.\n",
        encoding="utf-8",
    )
    found = diff(read([tmp_path / "old.txt"]), read([tmp_path / "new.txt"]))
    said = {(c.kind, c.subject, c.old, c.new) for c in found.changes if c.kind != "notice"}
    assert said == {
        ("condition", "data:mac", ("background",), (UNCONDITIONAL,)),
        ("polarity", "data:contacts", ("declared",), ("denied",)),
        ("added", "data:location", (), ("declared",)),
    }
    assert all(c.promised for c in found.changes if c.subject.startswith("data:"))
    assert ("notice", "notice:changes") in {(c.kind, c.subject) for c in found.changes}


@pytest.mark.skipif(not ZH.exists(), reason="the shared policies are not here")
def test_background_collection_of_mac_and_imei_is_gone() -> None:
    """A Chinese policy of 2022 against the same app's English one of 2023."""
    found = diff(read([ZH]), read([EN]))
    for subject, words in (("data:mac", "MAC"), ("data:imei", "IMEI")):
        (change,) = [c for c in found.changes if c.subject == subject and c.action == "collects"]
        assert (change.kind, change.old, change.new) == ("condition", ("background",), ())
        assert change.promised
        assert isinstance(change.old_quote, PolicySpan)
        assert isinstance(change.new_quote, PolicySpan)
        assert (change.old_quote.line, words in change.old_quote.quote) == (145, True)
        assert (change.new_quote.line, words in change.new_quote.quote) == (82, True)
    assert set(found.promised_topics) == {"data", "sharing", "rights", "contact", "operator"}
