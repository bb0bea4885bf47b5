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
"""

from appaudit.apk.app import AppFile, Member, open_app
from appaudit.apk.manifest import Manifest
from appaudit.apk.zip import MemberError

__all__ = ["AppFile", "Manifest", "Member", "MemberError", "open_app"]
