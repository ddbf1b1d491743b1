"""What is held of a person, in words that an agent can read out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from detector.domain.window import DAY_S, HOUR_S, utc
from detector.labels.quantities import chance

Row = Mapping[str, Any]
_BASIS = {
    "expected": "by habit: usually there at that hour",
    "present": "was there, by attachments",
    "measured": "by own failures or failed attempts",
}
_WHY = {
    "no_consent": "no consent was given",
    "withdrawn": "consent was withdrawn",
    "quiet_hours": "it was in quiet hours",
    "guardian": "a minor, and no guardian could be asked",
    "cap": "contacted often enough that week",
    "holdout": "in the comparison group",
    "no_channel": "no channel was permitted for every purpose",
}
_ACTIONS = {
    "proactive_message": "a message",
    "call": "a call by the care team",
    "account_manager_briefing": "a briefing of the account manager",
}
_DAYS = {False: "Monday to Friday", True: "Saturday and Sunday"}
_TIMES = ("at", "since", "until", "start", "day", "last_at")
_WEEKEND = 5 * 24
"""Hour of the week at which the weekend begins. Definition."""


def printed(explanation: Mapping[str, Any]) -> str:
    """Sections with a heading each; a row a line. Attachments by day and cell: every row is in the JSON."""
    sections: dict[str, Iterable[str]] = {
        "Pseudonyms": explanation["pseudonyms"],
        "In the operator's tables now": _fields(explanation["known"]),
        "Consents, as given": (_line(row) for row in explanation["consents"]),
        "What they allow now": _allowed(explanation["permissions"]),
        "Decisions, with their reasons": (row["in_words"] for row in explanation["decisions"]),
        "Where the person was (attachments)": _days(explanation["attachments"]),
        "Where the person usually is (habits)": explanation["in_words"],
        "Who asked": (_line(row) for row in explanation["accesses"]),
    }
    data = {f"Table {name}": (_line(row) for row in rows) for name, rows in explanation["data"].items() if name not in _SAID}
    blocks = ((heading, list(lines)) for heading, lines in (sections | data).items())
    return "\n\n".join("\n".join([heading, *(f"  {line}" for line in lines or ["nothing"])]) for heading, lines in blocks)


_SAID = ("audit",)
"""Tables that a section of their own shows as a whole."""


def decision_in_words(row: Row) -> str:
    """One row of a list: when, of what, how sure and why, and what care did or why nothing."""
    until = f" to {iso_minute(row['delisted_at'])}" if row["delisted_at"] else ", and still"
    what = f"{iso_minute(row['listed_at'])}{until}: on the list of {row['incident_id']} ({row['incident']})"
    sure = f"{chance(row['probability'])} likely to be affected, {_BASIS.get(row['basis'], row['basis'])}"
    return f"{what}; {sure}; {_action(row)}"


def _action(row: Row) -> str:
    if not row["contactable"]:
        return f"not contacted: {_WHY.get(row['why_not'], row['why_not'] or 'care decided nothing')}"
    if row["action"] in ("none", ""):
        return f"nothing was to be done{_by(row)}"
    to = " to the guardian" if row["to_guardian"] else ""
    said = " / ".join((row["said"] or {}).values())
    return f"{_ACTIONS.get(row['action'], row['action'])} by {row['channel'] or 'no channel'}{to}{_by(row)}" + (
        f", saying: {said}" if said else ""
    )


def _by(row: Row) -> str:
    return f", by the rule '{row['rule']}'" if row["rule"] else ""


def profile_in_words(rows: Sequence[Row]) -> list[str]:
    """Hours of a like day in which a person is usually behind a cell, next to each other taken together.

    >>> work = [{"hour_of_week": 24 * d + h, "cell": "c1", "seconds": 3000} for d in range(5) for h in (8, 9)]
    >>> profile_in_words(work)
    ['Monday to Friday 08:00-10:00: behind c1, about 50 min an hour']
    """
    seconds: dict[tuple[bool, str, int], list[float]] = defaultdict(list)
    for row in rows:
        hour = row["hour_of_week"]
        seconds[hour >= _WEEKEND, row["cell"], hour % 24].append(row["seconds"])
    mean = {slot: sum(each) / (2 if slot[0] else 5) for slot, each in seconds.items()}
    lines = []
    for (weekend, cell), slots in groupby(sorted(mean), key=lambda slot: slot[:2]):
        for hours in _runs([slot[2] for slot in slots]):
            minutes = sum(mean[weekend, cell, h] for h in hours) / len(hours) / 60
            between = f"{hours[0]:02}:00-{hours[-1] + 1:02}:00"
            lines.append(f"{_DAYS[weekend]} {between}: behind {cell}, about {minutes:.0f} min an hour")
    return lines


def _runs(hours: Sequence[int]) -> Iterator[list[int]]:
    for _, run in groupby(enumerate(hours), key=lambda pair: pair[1] - pair[0]):
        yield [hour for _, hour in run]


def _days(rows: Sequence[Row]) -> Iterator[str]:
    for (day, cell), own in groupby(
        sorted(rows, key=lambda r: (r["start"] // DAY_S, r["cell"])), key=lambda r: (r["start"] // DAY_S, r["cell"])
    ):
        held = list(own)
        hours = sum(row["seconds"] for row in held) / HOUR_S
        yield f"{utc(day * DAY_S):%Y-%m-%d} (UTC): behind {cell} {hours:.1f} h, {len(held)} rows"


def _allowed(rows: Sequence[Row]) -> Iterator[str]:
    for purpose, own in groupby(rows, key=lambda row: row["purpose"]):
        channels = list(own)
        yes = [row["channel"] for row in channels if row["allowed"]]
        no = {_WHY.get(row["why_not"]) or str(row["why_not"]) for row in channels if not row["allowed"]}
        said = f"allowed by {', '.join(yes)}" if yes else f"not allowed: {', '.join(sorted(no))}"
        yield f"{purpose} (on the basis of {channels[0]['basis'].replace('_', ' ')}): {said}"


def _fields(known: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {value}" for name, value in known.items() if value not in ("", None, [], 0, False)]


def _line(row: Row) -> str:
    shown = {name: iso_minute(value) if _is_time(name, value) else value for name, value in row.items() if name != "row"}
    return ", ".join(f"{name} {value}" for name, value in shown.items() if value not in ("", None))


def _is_time(name: str, value: Any) -> bool:
    return (name.endswith("_at") or name in _TIMES) and isinstance(value, int | float) and not isinstance(value, bool)


def iso_minute(at: float) -> str:
    """ISO 8601 in UTC to the minute."""
    return f"{utc(int(at)):%Y-%m-%dT%H:%MZ}"
