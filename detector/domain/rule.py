"""Rules of care: who gets what. Data only; no rule carries words, so none can carry a promotion."""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf
from typing import Any, ClassVar, Literal

from detector.domain.case import CONDITIONS, Case
from detector.domain.customer import CHANNELS
from detector.domain.errors import Misconfigured
from detector.domain.toml_text import values_of

OFFER_KINDS = ("goodwill_credit", "data_boost")


@dataclass(frozen=True)
class Offer:
    """One [[care.offers]] entry: amends that a rule may propose. amount: in `unit` (EUR, GB); cost: of one, to the operator,
    in its own currency, for the planning report."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    name: str
    kind: Literal["goodwill_credit", "data_boost"]
    amount: float
    cost: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """What a rule may choose. purposes: consents beside the analysis of their service that it takes; empty = those of
    [care] `purposes`. channel: the only one by which it goes. at: while the trouble lasts, or after it. offer: the kind
    of offer that it proposes. of: for a person's line, an account, or both."""

    purposes: tuple[str, ...] = ()
    channel: str = ""
    at: tuple[str, ...] = ("open",)
    offer: str = ""
    of: tuple[str, ...] = ("person",)


ACTIONS: Mapping[str, Action] = {
    "proactive_message": Action(),
    "call": Action(channel="call"),
    "account_manager_briefing": Action(of=("person", "account")),
    "goodwill_credit": Action(at=("open", "resolved"), offer="goodwill_credit"),
    "data_boost": Action(at=("open", "resolved"), offer="data_boost"),
    "survey": Action(purposes=("survey",), at=("resolved",)),
    "none": Action(at=("open", "resolved"), of=("person", "account")),
}
"""A further action is one more line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Applies where every condition of `when` holds, to a person, or with `of` to an account. priority: the highest is tried
    first, the file's order decides among equals. channel: the one it needs; team: the care team, empty = the account's."""

    name: str
    action: str
    when: tuple[tuple[str, Any], ...] = ()
    priority: int = 0
    channel: str = ""
    team: str = ""
    offer: str = ""
    at: str = "open"
    of: str = "person"

    def matches(self, case: Case) -> bool:
        return all(CONDITIONS[name].holds(case, wanted) for name, wanted in self.when)


def read_rules(text: str, *, where: str, offers: Collection[Offer] = ()) -> tuple[Rule, ...]:
    """The rules of a TOML text in the order in which they are tried.

    Raises Misconfigured, in one line that names file, rule, key and the nearest right name.

    >>> [rule] = read_rules('[[rules]]\\nname = "gold"\\naction = "call"\\nwhen = {segment = "gold"}', where="rules.toml")
    >>> rule.channel, rule.when
    ('call', (('segment', ('gold',)),))
    """
    values = values_of(text, where=where)
    _known(values, ("rules",), where)
    entries = values.get("rules", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise Misconfigured("rules are tables", where=where, mend="write each under [[rules]]")
    known = {offer.name: offer for offer in offers}
    rules = [_rule(one, f"{where}: rule {_named(one, number)}", known) for number, one in enumerate(entries, 1)]
    twice = {rule.name for rule in rules if sum(other.name == rule.name for other in rules) > 1}
    if twice:
        raise Misconfigured("two rules of one name", where=f"{where}: rule '{min(twice)}'", mend="name each differently")
    return tuple(sorted(rules, key=lambda rule: -rule.priority))


def _named(entry: Mapping[str, Any], number: int) -> str:
    return f"'{entry['name']}'" if isinstance(entry.get("name"), str) and entry["name"] else str(number)


def _rule(entry: Mapping[str, Any], where: str, offers: Mapping[str, Offer]) -> Rule:
    if not {"text", "message", "say", "words", "promotion"}.isdisjoint(entry):
        mend = "remove it: a rule chooses what care does; the words are precall's own, and never a promotion"
        raise Misconfigured("a rule carries no words", where=where, mend=mend)
    _known(entry, [f.name for f in fields(Rule)], where)
    for key, kind in (("name", str), ("action", str), ("priority", int), ("channel", str), ("team", str), ("offer", str)):
        if key in entry and (not isinstance(entry[key], kind) or isinstance(entry[key], bool)):
            raise Misconfigured(f"no {_KINDS[kind]} (found {entry[key]!r})", where=f"{where}: {key}", mend=_SEE)
    if not entry.get("name") or not entry.get("action"):
        missing = "name" if not entry.get("name") else "action"
        raise Misconfigured("missing", where=f"{where}: {missing}", mend=_SEE)
    if entry["name"].startswith("("):
        raise Misconfigured("names in brackets are precall's own", where=f"{where}: name", mend="drop the bracket")
    _one_of(entry["action"], ACTIONS, f"{where}: action")
    action = ACTIONS[entry["action"]]
    at, of = entry.get("at", action.at[0]), entry.get("of", action.of[0])
    _one_of(at, action.at, f"{where}: at")
    _one_of(of, action.of, f"{where}: of")
    channel = entry.get("channel", action.channel)
    if channel:
        _one_of(channel, (action.channel,) if action.channel else CHANNELS, f"{where}: channel")
    _check_offer(entry.get("offer", ""), action, offers, where)
    when = _when(entry.get("when", {}), of, f"{where}: when")
    return Rule(
        name=entry["name"],
        action=entry["action"],
        when=when,
        priority=entry.get("priority", 0),
        channel=channel,
        team=entry.get("team", ""),
        offer=entry.get("offer", ""),
        at=at,
        of=of,
    )


_SEE = "see config/rules.toml"
_KINDS = {str: "text in quotes", int: "whole number"}


def _check_offer(name: str, action: Action, offers: Mapping[str, Offer], where: str) -> None:
    fitting = [offer.name for offer in offers.values() if offer.kind == action.offer]
    if name and not action.offer:
        mend = f"only {' and '.join(OFFER_KINDS)} propose one"
        raise Misconfigured("this action proposes no offer", where=f"{where}: offer", mend=mend)
    if action.offer and name not in fitting:
        what = f"no [[care.offers]] of kind {action.offer} is named '{name}'"
        raise Misconfigured(what, where=f"{where}: offer", mend=_nearest(name, fitting) or "add it to the settings")


def _when(values: Any, of: str, where: str) -> tuple[tuple[str, Any], ...]:
    if not isinstance(values, dict):
        raise Misconfigured("no table", where=where, mend="when = { segment = ['gold'] }")
    fitting = [name for name, condition in CONDITIONS.items() if condition.of in (of, "both")]
    _known(values, fitting, where)
    return tuple((name, _wanted(name, value, f"{where}.{name}")) for name, value in values.items())


def _wanted(name: str, value: Any, where: str) -> Any:
    """A condition's value as `Condition.holds` takes it: words as a tuple, a flag, or (least, most)."""
    condition = CONDITIONS[name]
    if condition.kind == "flag":
        if not isinstance(value, bool):
            raise Misconfigured(f"neither true nor false (found {value!r})", where=where, mend=_SEE)
        return value
    if condition.kind == "number":
        return _range(value, where)
    words = (value,) if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not words or not all(isinstance(word, str) for word in words):
        raise Misconfigured(f"no words (found {value!r})", where=where, mend=f'write {name} = ["one", "another"]')
    for word in words if condition.among else ():
        _one_of(word, condition.among, where)
    return tuple(words)


def _range(value: Any, where: str) -> tuple[float, float]:
    """A bare number is the least."""
    bounds = value if isinstance(value, dict) else {"min": value}
    _known(bounds, ("min", "max"), where)
    if not bounds or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in bounds.values()):
        raise Misconfigured(f"no number (found {value!r})", where=where, mend="write 3, or { min = 3, max = 5 }")
    least, most = float(bounds.get("min", -inf)), float(bounds.get("max", inf))
    if least > most:
        raise Misconfigured(f"min {least:g} is more than max {most:g}", where=where, mend="exchange them")
    return least, most


def _known(values: Mapping[str, Any], names: Sequence[str], where: str) -> None:
    for key in values:
        if key not in names:
            raise Misconfigured("unknown key", where=f"{where}: {key}", mend=_nearest(key, names) or f"see {_listed(names)}")


def _one_of(value: Any, names: Iterable[str], where: str) -> None:
    known = list(names)
    if value not in known:
        mend = _nearest(str(value), known) or f"one of {', '.join(known)}"
        raise Misconfigured(f"'{value}' is not known here", where=where, mend=mend)


def _nearest(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean '{near[0]}'?" if near else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
