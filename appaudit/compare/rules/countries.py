"""Where the policy says data is kept, against the countries of who gets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from appaudit.compare.case import Case
from appaudit.compare.promised import found_in, promised_countries
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.sdks import sdks
from appaudit.records import LEAVING, Fact, PolicySpan

KEPT, ABROAD = "topic:storage_location", "topic:cross_border"


def _quotes(said: Iterable[Fact]) -> str:
    return " ".join(e.quote for f in said for e in f.evidence if isinstance(e, PolicySpan))


def _makers(case: Case, home: set[str]) -> dict[str, tuple[str, Fact]]:
    """SDKs whose maker sits elsewhere: (country, how it was found)."""
    found = {}
    for name, facts in case.embedded.items():
        sdk = sdks().get(name)
        if sdk is not None and sdk.handles_data and sdk.country and sdk.country not in home:
            found[f"sdk:{name}"] = (sdk.country, facts[0])
    return found


def _located(case: Case) -> dict[str, tuple[set[str], Fact]]:
    """Hosts seen in traffic whose addresses a database places: (countries, the contact)."""
    found = {}
    for fact in case.by_action.get("contacts", ()):
        if fact.source == "traffic":
            told = fact.attribute if fact.attribute.get("country_by") == "address" else {}
            found[fact.subject] = (set(told.get("country", "").split()), fact)
    return found


def storage_country(case: Case) -> Iterator[Verdict]:
    """What the policy says on where data is kept, against recipients elsewhere.

    Where a server stands cannot be told from its name: that an SDK's maker is foreign is a lead. Addresses
    that a database places decide: data sent to one elsewhere breaks the promise, unless the policy tells of
    transfers; all hosts at home keep it, as far as the traffic goes.
    """
    kept = case.said(KEPT)
    home = promised_countries(_quotes(kept))
    if not kept or not home:
        return
    transfers = [f for f in case.said(ABROAD) if not found_in("no_transfer", case.whole_sentence(f))]
    said = (*kept, *case.said(ABROAD))
    hosts = _located(case)
    away = {host: (places, fact) for host, (places, fact) in hosts.items() if places - home}
    sent = [
        f
        for action in sorted(LEAVING)
        for f in case.by_action.get(action, ())
        if f.subject.startswith("data:") and f.recipient in away and away[f.recipient][0].isdisjoint(home)
    ]
    makers = _makers(case, home)
    named = {party: country for party, (country, _) in makers.items()}
    named |= {host: ",".join(sorted(places - home)) for host, (places, _) in away.items()}
    leads = (*(fact for _, fact in away.values()), *(fact for _, fact in makers.values()))
    abroad = (("abroad", " ".join(f"{party}={where}" for party, where in sorted(named.items()))),)
    if sent and not transfers:
        yield Verdict("violation", "app", "sends", KEPT, (*sent, *leads, *said), attributes=abroad)
    elif named:
        yield Verdict("review", "app", "sends", KEPT, (*sent, *leads, *said), attributes=abroad)
    elif hosts and all(places for places, _ in hosts.values()):
        contacts = tuple(fact for _, fact in hosts.values())[:20]
        yield Verdict("pass", "app", "sends", KEPT, (*contacts, *said))
    else:
        needs = "host_countries" if hosts else "traffic_countries"
        contacts = tuple(fact for _, fact in hosts.values())[:20]
        yield Verdict(
            "not_examined", "app", "sends", KEPT, (*contacts, *said), attributes=(("needs", needs),)
        )
