"""DEX as columns: a dex is a set of tables, an audit question is a join.

- `read_dexes(data, member)`: the `Dex` files in one file (several in a container of version 041).
- `read_all(dexes)`: the same for many, each decoded on another core while the next is inflated.
- `Dex`: its tables as numpy columns, each read when first asked for; `Dex.problems` tells what was
  corrupt. Read it after the questions were asked.
- `call_sites(dexes, targets, hierarchy)`: sites of methods and fields, also through app subclasses;
  `string_sites`, `string_index_sites`, `type_sites`: who loads a string, who names a class.
- `Hierarchy(dexes, supertypes)`: inheritance over all dex files; build it once and hand it on.
- `MethodNumbers(hierarchy)`: one number for a method in whichever dex it stands.
- `ConstantTracer(dexes).materialise(sites)`: sites as `appaudit.records.CallSite` with the constants
  that reach them. Arguments are the declared parameters in order, without the receiver.
- `CallGraph(dexes, callbacks, extra_edges, hierarchy)`: `reachable(entries)` tells what can run once
  some methods or components run, with a path to each method.

    dexes = [d for name, data in app.dexes() for d in read_dexes(data, name)]
    sites = call_sites(dexes, [Target("Landroid/telephony/TelephonyManager;", "getImei")])
    records = ConstantTracer(dexes).materialise(sites)
"""

from appaudit.dex.callgraph import Annotated, Callback, CallGraph
from appaudit.dex.constants import ConstantTracer
from appaudit.dex.dex import Dex, read_dexes
from appaudit.dex.errors import DexError
from appaudit.dex.hierarchy import Hierarchy
from appaudit.dex.numbers import MethodNumbers
from appaudit.dex.parallel import read as read_all
from appaudit.dex.queries import CallSites, Target, call_sites, string_index_sites, string_sites, type_sites
from appaudit.dex.reach import Reach

__all__ = [
    "Annotated",
    "CallGraph",
    "CallSites",
    "Callback",
    "ConstantTracer",
    "Dex",
    "DexError",
    "Hierarchy",
    "MethodNumbers",
    "Reach",
    "Target",
    "call_sites",
    "read_all",
    "read_dexes",
    "string_index_sites",
    "string_sites",
    "type_sites",
]
