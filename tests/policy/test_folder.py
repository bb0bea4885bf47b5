"""Documents of one app, read together."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.errors import InputError
from appaudit.policy import read
from appaudit.policy.folder import gather
from appaudit.records import PolicySpan
from tests.policy import make

POLICY = (
    "示例商城隐私政策\n\n我们收集您的手机号码，详见《示例商城第三方SDK目录》和《应用权限说明》。\n"
    "未成年人请阅读《儿童个人信息保护规则》。本政策依据《中华人民共和国未成年人保护法》制定，并见《用户服务协议》。\n"
)


def write(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", ".").replace("_in_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def lacking(folder: Path) -> set[str]:
    return {gap.scope for gap in gather([folder]).gaps if gap.code == "missing_document"}


def test_lists_that_are_named_and_not_given_are_gaps(tmp_path: Path) -> None:
    write(tmp_path, policy__txt=POLICY)
    found = [g for g in gather([tmp_path]).gaps if g.code == "missing_document"]
    assert {g.scope for g in found} == {"示例商城第三方SDK目录", "应用权限说明", "儿童个人信息保护规则"}
    assert "policy.txt, line 3" in found[0].reason


def test_a_folder_resolves_titles_roles_files_and_chapters(tmp_path: Path) -> None:
    write(
        tmp_path,
        policy__txt=POLICY + "附件二：应用权限说明\n相机：扫码\n",
        lists_in_sdk__docx=make.word(),
        lists_in_catalogue__xlsx=make.workbook(),
        kids__html="<h1>示例商城儿童个人信息保护规则</h1><p>监护人同意后我们收集个人信息，隐私。",
        notes__bin=b"\0\1\2",
    )
    gathered = gather([tmp_path])
    assert lacking(tmp_path) == set()
    assert [(d.name, d.role) for d in gathered.documents] == [
        ("kids.html", "children"),
        ("lists/catalogue.xlsx", "sdk_list"),
        ("lists/sdk.docx", "policy"),
        ("policy.txt", "policy"),
    ]


@pytest.mark.parametrize(
    ("link", "resolved"),
    [
        ("<a href='/legal/partners.html?x=1'>", True),
        ("<a href='#c'>", True),
        ("<a href='other.html'>", False),
    ],
)
def test_links_resolve_by_file(tmp_path: Path, link: str, resolved: bool) -> None:
    words = "We collect personal information. See the "
    write(
        tmp_path,
        a__html=f"<h1>Privacy Policy</h1><p>{words}{link}list of third-party SDKs</a>.",
        partners__txt="Who we work with\nWe share personal information with a third party for analytics.",
    )
    assert (lacking(tmp_path) == set()) is resolved


def test_english_titles_in_quotes_and_laws(tmp_path: Path) -> None:
    text = "Privacy Policy\nSee <Third-Party SDK List> and “Cookie Policy” "
    text += "and the “Children's Online Privacy Protection Act”."
    write(tmp_path, p__txt=text)
    assert lacking(tmp_path) == {"Third-Party SDK List", "Cookie Policy"}


def test_the_own_policy_of_an_sdk_is_no_document_of_the_app(tmp_path: Path) -> None:
    html = (
        "<h1>隐私政策</h1><p>个人信息由<a href='https://b.example'>Bugly SDK</a>收集，见《Bugly SDK隐私声明》"
    )
    write(tmp_path, p__html=f"{html}和《接入SDK使用情况说明》。")
    assert lacking(tmp_path) == {"接入SDK使用情况说明"}


def test_a_defined_term_is_no_document(tmp_path: Path) -> None:
    write(
        tmp_path,
        p__txt="隐私政策\n不满十四周岁的用户（下称“儿童”或“未成年人”）的个人信息，第三方不得收集。\n",
    )
    assert lacking(tmp_path) == set()


def test_what_cannot_be_read_is_a_gap_beside_what_can(tmp_path: Path) -> None:
    write(
        tmp_path,
        p__txt=POLICY,
        scan__pdf=make.scanned_pdf(),
        login__html="<h1>Log in</h1>password <input type=password>",
    )
    result = read([tmp_path])
    codes = {(g.code, g.scope) for g in result.gaps}
    assert {("unreadable_document", "scan.pdf"), ("not_a_policy", "login.html")} <= codes
    assert set(result.texts) == {"p.txt", "login.html"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<h1>Log in</h1>password <input type=password>", "this is a login page"),
        (
            "Nous collectons votre adresse et votre nom pour vous contacter un an. " * 3,
            "Latin letters",
        ),
    ],
)
def test_nothing_but_what_is_no_policy_is_an_error(tmp_path: Path, text: str, why: str) -> None:
    write(tmp_path, p__html=text)
    with pytest.raises(InputError, match=f"no document could be read: p.html: .*{why}"):
        read([tmp_path / "p.html"])
    write(tmp_path, p__html=text + "<p>We collect your email address.</p>")
    assert any(f.subject == "data:email" for f in read([tmp_path / "p.html"]).facts)


@pytest.mark.parametrize("content", [b"", b"   \n", None])
def test_nothing_that_can_be_read_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "p.pdf"
    if content is None:
        path.write_bytes(make.scanned_pdf())
    else:
        path = tmp_path / "p.txt"
        path.write_bytes(content)
    with pytest.raises(InputError, match="no document could be read"):
        gather([path])
    with pytest.raises(InputError, match="no document could be read"):
        gather([tmp_path / "none.txt"])


def test_names_are_unique_and_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, a_in_p__txt=POLICY, b_in_p__txt=POLICY + "第三方\n")
    paths = [tmp_path / "a/p.txt", tmp_path / "b/p.txt", tmp_path / "a/p.txt"]
    names = [d.name for d in gather(paths).documents]
    assert len(names) == len(set(names)) == 2


def test_quotes_are_what_stands_at_their_place(tmp_path: Path) -> None:
    write(
        tmp_path, p__html=f"<h1>隐私政策</h1><p>{POLICY}</p>", s__docx=make.word(), t__pdf=make.pdf([POLICY])
    )
    result = read([tmp_path])
    spans = [e for f in result.facts for e in f.evidence if isinstance(e, PolicySpan)]
    assert spans
    for span in spans:
        line = result.texts[span.document].split("\n")[span.line - 1]
        assert line[span.start : span.end] == span.quote
