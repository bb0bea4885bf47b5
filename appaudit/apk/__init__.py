"""What Android would load from an app's file: archive members, manifest, signatures.

    from appaudit.apk import open_app

    opened = open_app(Path("shop.apk"))     # raises InputError with one sentence
    opened.app                              # records.App; .members fills as dex files are read
    opened.manifest                         # appaudit.apk.manifest.Manifest
    opened.facts, opened.gaps               # tricks, signatures; what could not be read
    for member, data in opened.dexes(): ... # ("shop.apk!classes.dex", bytes), each inflated when reached
    opened.dex_members                      # the same names without reading anything
    opened.members                          # (name, size) of every file; opened.read(name) -> bytes
    opened.resource_strings()               # (member, string) of the resource tables
    opened.resource(0x7F010000)             # one resource's value: a string, the path of a file
    opened.xml("shop.apk!res/layout/a.xml") # tree of a binary XML file (appaudit.apk.xml.Element)

Names of members: the file's name, ``!``, the path inside; nested archives add another ``!``.

Facts: ``shows trick:<id>`` for each shape that makes readers disagree, with what Android does about it
in the attribute ``android`` (reads · refuses · unknown); ``shows setting:signature``,
``setting:other_variants``, ``setting:converted_bytecode``. Gaps: ``missing_base`` · ``missing_manifest`` ·
``unreadable_manifest`` · ``second_reader`` · ``unreadable_resources`` · ``unreadable_xml`` ·
``unreadable_apk`` · ``unreadable_dex`` · ``nested_archive`` · ``incomplete_archive`` · ``java_bytecode`` ·
``no_code`` · ``signature_unchecked``. Bytecode of libraries is converted by d8 where there is one
(`appaudit.apk.bytecode`).
"""

from appaudit.apk.app import AppFile, Member, open_app
from appaudit.apk.manifest import Manifest
from appaudit.apk.zip import MemberError

__all__ = ["AppFile", "Manifest", "Member", "MemberError", "open_app"]
