"""The headline figures as text: value, interval, and what it means in plain words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from detector.backtest.cards import CARDS, Card
from detector.labels.quantities import counted, how_often, rough_number, rough_percent
from detector.labels.times import duration

_HELD_OUT = "held_out_false_per_1000_cells_week"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One card. `share`: value, low and high lie in 0..1 and may be drawn as a line; `unit` of the value, where its sentence
    does not state it."""

    title: str
    value: str
    interval: str
    basis: str
    meaning: str
    share: tuple[float, float, float] | None = None
    unit: str = ""


def headlines(figures: Mapping[str, Any]) -> list[Headline]:
    """The cards in the order of their weight: what was judged by the truth first, if there is one; then what was seen.

    An unknown figure has no card: `unmeasured` names it.
    """
    judged = [
        _headline(figures[card.key], _of_all(card, figures), _meaning(figures, card))
        for card in CARDS
        if figures[card.key]["value"] is not None
    ]
    shown = seen_headlines(figures)
    return [*shown, *judged] if figures["faults"] is None else [*judged, *shown]


def _of_all(card: Card, figures: Mapping[str, Any]) -> Card:
    """Without a truth complaints belong to no fault: all are counted."""
    whole = figures["faults"] is None and card.key in ("foresight", "contact_foresight")
    return replace(card, basis="network complaint{s}") if whole else card


def unmeasured(figures: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """(why, titles) of the figures without a value, so that none is passed over in silence."""
    groups: dict[str, list[str]] = {}
    for card in CARDS:
        if figures[card.key]["value"] is None:
            groups.setdefault(_why_unmeasured(figures, card), []).append(card.title)
    return [(why, tuple(titles)) for why, titles in groups.items()]


def _why_unmeasured(figures: Mapping[str, Any], card: Card) -> str:
    if card.key == _HELD_OUT:
        return "it needs six days of counters before the replay"
    if figures[card.key]["count"] is not None:
        return f"{card.counted_on(0)} in this window"
    return "it needs a truth.csv" if figures["faults"] is None else "the dataset does not say"


def seen_headlines(figures: Mapping[str, Any]) -> list[Headline]:
    """What is known without any truth: counts, which have no interval."""
    return [
        Headline(title=title, value=value, interval="", basis=basis, meaning=meaning)
        for title, value, basis, meaning in (*_incidents_seen(figures), *_people_seen(figures["seen"]))
    ]


def _incidents_seen(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """(title, value, basis, meaning) of each."""
    seen = figures["seen"]
    incidents, silent, merged = seen["incidents"], seen["silent"], seen["merged"]
    parts = [f"{seen['notified']:,} of them sent to care"] + [f"{silent:,} kept silent"] * bool(silent)
    more = f"; {merged:,} more went on as part of these" if merged else ""
    a_day = rough_number(incidents / max(figures["days"], 1e-9))
    yield "Incidents", f"{incidents:,}", f"{a_day} a day", f"were opened, {', '.join(parts)}{more}."
    if incidents:
        of = f"of {counted(figures['cells'], 'cell')}"
        yield "Cells with trouble", f"{seen['cells_touched']:,}", of, "were touched by at least one incident."
        lasted = duration(seen["lasted_median_s"])
        yield "Duration", lasted, counted(incidents, "incident"), "of an incident, median."


def _people_seen(seen: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """(title, value, basis, meaning) of each."""
    if seen["people"] is not None:
        meaning = "are expected to have failed at least once, or to have had five bad minutes."
        yield "People affected", rough_number(seen["people"]), "each counted once", meaning
    if seen["complaints"]:
        nearby, complaints = seen["complaints_near"], seen["complaints"]
        basis = f"{nearby:,} of {complaints:,} network complaints"
        meaning = "came from its cells while it lasted, or up to two hours later."
        yield "Complaints near an incident", rough_percent(nearby / complaints), basis, meaning


def _meaning(figures: Mapping[str, Any], card: Card) -> str:
    """What was measured, beside what the settings accept, and what that means for a network of this size."""
    said = f"{card.unit} {card.meaning}" if card.budget else card.meaning
    if not card.budget:
        return said
    budget = figures.get(card.budget)
    said = f"{said} is {'not known' if budget is None else rough_number(budget)}."
    if card.key != _HELD_OUT or not figures["cells"]:
        return said
    return f"{said} {in_this_network(figures[card.key], budget, figures['cells'])}"


def in_this_network(figure: Mapping[str, Any], budget: float | None, cells: int) -> str:
    """A rate per 1,000 cells and week in words, for a network of `cells` cells.

    >>> in_this_network({"value": 2.0, "low": 0.5, "high": 2.9}, 3.0, 58)
    'With 58 cells that is about one every 9 weeks, within the budget.'
    >>> in_this_network({"value": 12.0, "low": 0.2, "high": 570.0}, 3.0, 12)
    'With 12 cells that is about one every 7 weeks; the quiet days are too few to say whether the budget is kept.'
    """
    often = how_often(figure["value"] * cells / 1000)
    said = f"With {cells:,} cells that is {often}"
    if budget is None:
        return f"{said}."
    if figure["high"] is not None and figure["high"] <= budget:
        return f"{said}, within the budget."
    if figure["low"] is not None and figure["low"] > budget:
        return f"{said}, more than the budget allows: look at the findings and at the incidents that nobody can explain."
    return f"{said}; the quiet days are too few to say whether the budget is kept."


def _headline(figure: Mapping[str, Any], card: Card, meaning: str) -> Headline:
    value, count, low, high = (figure[k] for k in ("value", "count", "low", "high"))
    known = low is not None and high is not None
    bounds = f"95 % interval {card.shown(low)} to {card.shown(high)}" if known else "too few for an interval"
    if known and card.kind == "rate" and not count:
        bounds = f"95 % sure to be under {card.shown(high)}"
    share = card.shown is rough_percent and known
    share_interval = (value, low, high) if share else None
    return Headline(
        title=card.title,
        value=card.shown(value),
        interval=bounds,
        basis=card.counted_on(count),
        meaning=meaning,
        share=share_interval,
        unit=card.unit,
    )


def verdict(figures: Mapping[str, Any]) -> str:
    """The whole replay in two or three sentences."""
    incidents, cells, days = figures["incidents"], figures["cells"], figures["days"]
    opened = f"{counted(incidents, 'incident')} {'was' if incidents == 1 else 'were'} opened"
    said = [f"{opened} on {counted(cells, 'cell')} in {rough_number(days)} {'day' if days == 1 else 'days'}."]
    if figures["faults"] is None:
        mend = "Add your trouble tickets as truth.csv to learn which of them are real, and which faults were missed."
        return " ".join([*said, f"The dataset holds no truth. {mend}"])
    if not figures["faults"]:
        said.append("No known fault that customers feel begins in this window.")
    recall, delay, foresight = figures["recall"], figures["delay_median_s"], figures["foresight"]
    if recall["value"] is not None:
        found = round(recall["value"] * recall["count"])
        late = f", typically {duration(delay['value'])} after they began" if delay["value"] is not None else ""
        verb = "was" if found == 1 else "were"
        said.append(f"{found:,} of {counted(recall['count'], 'fault')} that customers feel {verb} found{late}.")
    if foresight["value"] is not None:
        said.append(
            f"{rough_percent(foresight['value'])} of the complaints about them came from people already on the list."
        )
    false = figures["false_per_1000_cells_week"]["count"]
    said.append(
        "No degradation was false." if not false else f"{false} degradation{'s' if false > 1 else ''} belonged to no fault."
    )
    return " ".join(said)
