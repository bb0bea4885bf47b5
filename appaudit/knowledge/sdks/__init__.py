"""Every SDK we know: who it is, what it looks like inside an app, what it says it collects.

The records are the TOML files of this folder, in our own words; NOTICE names the public lists whose
facts went into them. `sdks` gives the records, `owner` and its siblings answer "whose is this?" for
one kind of evidence each, `match_name` and `find_mentions` read the names that policies write.
"""

from appaudit.knowledge.sdks.index import (
    Index,
    index,
    owner,
    prefixes,
    sdk_of_asset,
    sdk_of_component,
    sdk_of_host,
    sdk_of_library,
    sdk_of_maven,
    sdk_of_meta_data,
    sdk_of_permission,
    sdks,
    siblings,
    use,
)
from appaudit.knowledge.sdks.model import (
    CATEGORIES,
    PLUMBING,
    TRACKING,
    Company,
    Sdk,
    companies,
    parse,
    version,
)
from appaudit.knowledge.sdks.names import CERTAIN, find_mentions, match_name

__all__ = [
    "CATEGORIES",
    "CERTAIN",
    "PLUMBING",
    "TRACKING",
    "Company",
    "Index",
    "Sdk",
    "companies",
    "find_mentions",
    "index",
    "match_name",
    "owner",
    "parse",
    "prefixes",
    "sdk_of_asset",
    "sdk_of_component",
    "sdk_of_host",
    "sdk_of_library",
    "sdk_of_maven",
    "sdk_of_meta_data",
    "sdk_of_permission",
    "sdks",
    "siblings",
    "use",
    "version",
]
