"""Constants that reach calls: straight lines, branches, builders, fields, decoders."""

from __future__ import annotations

import base64

from appaudit.dex import ConstantTracer, Dex, Target, call_sites
from tests.dex.writer import Class, Field, Method, Word, build

RETURN = 0x000E
SINK = "Landroid/util/Sink;->put(Ljava/lang/String;I)V"
SB = "Ljava/lang/StringBuilder;"
STRING = "Ljava/lang/String;"


def const_string(register: int, text: str) -> list[Word]:
    return [0x1A | register << 8, ("string", text)]


def call(opcode: int, method: str, *registers: int) -> list[Word]:
    packed = sum(r << 4 * k for k, r in enumerate(registers[:4]))
    return [opcode | len(registers) << 12, ("method", method), packed]


def sink(register: int = 0, number: int = 1) -> list[Word]:
    return call(0x71, SINK, register, number)


def traced(words: list[Word], *more: Class, **options: list[tuple[int, int, int]]) -> list[str | int | None]:
    """The first argument at each call of the sink."""
    classes = [Class("Lcom/x/A;", [Method("m", "()V", [*words, RETURN], **options)]), *more]  # type: ignore[arg-type]
    dex = Dex(build(classes), "x.dex")
    sites = call_sites([dex], [Target("Landroid/util/Sink;", "put")])
    records = ConstantTracer([dex]).materialise(sites)
    assert dex.problems == []
    return [r.arguments[0] for r in records if r.arguments is not None]


def test_strings_and_numbers() -> None:
    words = [*const_string(0, "android_id"), 0x0113, 0xFFF9, *sink()]
    dex = Dex(build([Class("Lcom/x/A;", [Method("m", "()V", [*words, RETURN])])]), "x.dex")
    (record,) = ConstantTracer([dex]).materialise(call_sites([dex], [Target(None, "put")]))
    assert (record.member, record.caller, record.callee) == ("x.dex", "Lcom/x/A;->m()V", SINK)
    assert (record.offset, record.arguments) == (4, ("android_id", -7))


def test_a_register_written_over_is_not_constant() -> None:
    assert traced([*const_string(0, "x"), *call(0x71, "La;->f()Ljava/lang/String;"), 0x000C, *sink()]) == [
        None
    ]


def test_a_branch_target_keeps_only_what_both_sides_agree_on() -> None:
    agreed = [*const_string(0, "same"), 0x0238, 4, *const_string(3, "other"), *sink()]
    assert traced(agreed) == ["same"]
    differing = [*const_string(0, "one"), 0x0238, 4, *const_string(0, "two"), *sink()]
    assert traced(differing) == [None]


def test_a_loop_that_changes_a_register() -> None:
    #  v0 = "a"; loop: sink(v0); v0 = "b"; goto loop
    words = [*const_string(0, "a"), *sink(), *const_string(0, "b"), 0x28 | (-5 & 0xFF) << 8]
    assert traced(words) == [None]


def test_builders_and_concatenation() -> None:
    init = call(0x70, f"{SB}-><init>()V", 1)
    append = call(0x6E, f"{SB}->append({STRING}){SB}", 1, 0)
    number = call(0x6E, f"{SB}->append(I){SB}", 1, 2)
    text = call(0x6E, f"{SB}->toString(){STRING}", 1)
    words: list[Word] = [
        *(0x0122, ("type", SB)),
        *init,
        *const_string(0, "content://sms/"),
        *append,
        *(0x010C, 0x7212),
        *number,
        *text,
        *(0x000C, *sink()),
    ]
    assert traced(words) == ["content://sms/7"]
    unknown = call(0x71, f"La;->f({SB})V", 1)
    assert traced([*words[:-7], *unknown, *text, 0x000C, *sink()]) == [None]


def test_uris_and_base64() -> None:
    parse = call(0x71, f"Landroid/net/Uri;->parse({STRING})Landroid/net/Uri;", 0)
    assert traced([*const_string(0, "content://contacts"), *parse, 0x000C, *sink()]) == ["content://contacts"]
    hidden = base64.b64encode(b"getDeviceId").decode()
    decode = call(0x71, f"Landroid/util/Base64;->decode({STRING}I)[B", 0, 2)
    make = call(0x70, f"{STRING}-><init>([B)V", 3, 1)
    words: list[Word] = [*const_string(0, hidden), *decode, 0x010C, 0x0322, ("type", STRING), *make, *sink(3)]
    assert traced(words) == ["getDeviceId"]


def test_static_fields_of_the_app_and_of_the_framework() -> None:
    keys = Class("Lcom/x/K;", [], [Field("KEY", STRING, "imei"), Field("OPEN", STRING, "x", access=0x9)])
    final: list[Word] = [0x0062, ("field", f"Lcom/x/K;->KEY:{STRING}"), *sink()]
    assert traced(final, keys) == ["imei"]
    changing: list[Word] = [0x0062, ("field", f"Lcom/x/K;->OPEN:{STRING}"), *sink()]
    assert traced(changing, keys) == [None]
    uri = "Landroid/provider/Telephony$Sms;->CONTENT_URI:Landroid/net/Uri;"
    assert traced([0x0062, ("field", uri), *sink()]) == [uri]


def test_static_fields_set_by_the_class_initialiser() -> None:
    field = f"Lcom/x/K;->KEY:{STRING}"
    trim = call(0x6E, f"{STRING}->trim(){STRING}", 0)
    words: list[Word] = [*const_string(0, " imsi "), *trim, 0x000C, 0x0069, ("field", field), RETURN]
    keys = Class("Lcom/x/K;", [Method("<clinit>", "()V", words, access=0x10008)], [Field("KEY", STRING)])
    assert traced([0x0062, ("field", field), *sink()], keys) == ["imsi"]


def test_arrays_of_strings() -> None:
    words: list[Word] = [
        *(0x2212, 0x2023, ("type", "[Ljava/lang/String;")),  # v2 = 2; v0 = new String[v2]
        *(0x0312, *const_string(4, "getprop"), 0x044D, 0x0300),
        *(0x1312, *const_string(4, "ro.serialno"), 0x044D, 0x0300),
        *sink(),
    ]
    assert traced(words) == ["getprop ro.serialno"]


def test_handlers_know_nothing() -> None:
    words: list[Word] = [*const_string(0, "x"), *call(0x71, "La;->f()V"), RETURN, *sink()]
    assert traced(words, handlers=[(0, 5, 6)]) == [None]


def test_reflection_keeps_the_class() -> None:
    name = "android.os.SystemProperties"
    words = [*const_string(0, name), *call(0x71, f"Ljava/lang/Class;->forName({STRING})Ljava/lang/Class;", 0)]
    words += [0x010C, *const_string(2, "get")]
    method = f"Ljava/lang/Class;->getMethod({STRING}[Ljava/lang/Class;)Ljava/lang/reflect/Method;"
    words += [*call(0x6E, method, 1, 2, 3), RETURN]
    dex = Dex(build([Class("La;", [Method("m", "()V", words)])]), "x")
    (trace,) = ConstantTracer([dex]).trace(
        call_sites([dex], [Target("Ljava/lang/Class;", "getMethod")]), receivers=True
    )
    assert trace.receiver == "Landroid/os/SystemProperties;"
    assert trace.arguments == ("get", None)
