"""Reads an alert as its receiver does, and names what contradicts itself in it."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from detector.care.impact_part import LISTED_NOTE
from detector.care.phrases import SPEECH
from detector.delivery.announcement import announcement

RAW = re.compile(
    r"\bkbit\b|\b[MG]bit\b(?!/s)|\bUEs\b|\bPRBs\b|\b1/s\b|10\^\d|\w/(bearer|flow|connection|handover)\b|\bnan\b|\bNone\b"
)
"""Units of the catalogue, powers that nobody has counted, and values that are none."""
CLOCK = re.compile(r"\b\d\d:\d\d\b(?! (?:[A-Z]{3,5}\b|UTC[+-]\d))")
"""A time of day without its zone."""
CERTAIN = re.compile(r"\b(100|0) % (likely|sure)\b")


def contradictions(event: Mapping[str, Any]) -> list[str]:
    """All that does not fit together in this CloudEvents body; empty = nothing."""
    data = event["data"]
    return [*_states(event), *_times(event), *_counts(data["impact"]), *_figures(data), *_words(event)]


def _states(event: Mapping[str, Any]) -> Iterator[str]:
    data, kind = event["data"], event["type"].split(".")[2]
    problem, status = data["serviceProblem"], data["serviceProblem"]["status"]
    if (kind == "resolved") != (status in ("Resolved", "Closed")):
        yield f"{kind} with status {status}"
    if ("resolutionDate" in problem) != (status == "Resolved"):
        yield f"status {status} with the end {problem.get('resolutionDate')}"
    for language, said in data["say"].items():
        phrases = SPEECH[language]
        going_on = [phrase for phrase in (*phrases.trouble.values(), phrases.working) if phrase in said]
        ended = phrases.solved.partition("{")[0] in said
        if going_on and kind == "resolved":
            yield f"a resolved alert says ({language}) {going_on[0]}"
        if ended != (status == "Resolved" and phrases.works_over not in said):
            yield f"status {status} and ({language}) {said}"
        if (said == phrases.withdrawn) != (problem.get("statusChangeReason", "").startswith("withdrawn")):
            yield f"{problem.get('statusChangeReason')} and ({language}) {said}"
        if (said == phrases.merged) != ("parentProblem" in problem):
            yield f"parent {problem.get('parentProblem')} and ({language}) {said}"


def _times(event: Mapping[str, Any]) -> Iterator[str]:
    data, now = event["data"], datetime.fromisoformat(event["time"])
    raised, over = (data["serviceProblem"].get(name) for name in ("timeRaised", "resolutionDate"))
    if datetime.fromisoformat(raised) > now:
        yield f"begins at {raised}, after {now}"
    if over and not datetime.fromisoformat(raised) <= datetime.fromisoformat(over) <= now:
        yield f"began {raised}, over {over}, told {now}"
    if (clear := data["expected"]["clear"]) and (over or datetime.fromisoformat(clear) <= now):
        yield f"expected to clear at {clear}, told {now}"


def _counts(impact: Mapping[str, Any]) -> Iterator[str]:
    of = {name: impact.get(name) or 0 for name in ("exposed", "affected", "listed", "contactable", "proposed")}
    for part, whole in (("affected", "exposed"), ("contactable", "listed"), ("proposed", "contactable")):
        if of[part] > of[whole]:
            yield f"{of[part]} {part} of {of[whole]} {whole}"
    if max(of["contactable"], of["proposed"]) > of["affected"] and LISTED_NOTE not in impact.get("note", ""):
        yield f"{of['contactable']} contactable, {of['affected']} affected, and no word why"
    interval = impact.get("affectedInterval")
    if interval and not interval[0] <= of["affected"] <= interval[1]:
        yield f"{of['affected']} affected, {interval}"


def _figures(data: Mapping[str, Any]) -> Iterator[str]:
    """The reason's counts are those of the first evidence."""
    counted = re.search(r"\(([\d,.]+) of ([\d,.]+)\)", data["serviceProblem"]["reason"])
    if counted and data["evidence"]:
        claimed = tuple(float(number.replace(",", "")) for number in counted.groups())
        measured = tuple(data["evidence"][0][name] for name in ("numerator", "denominator"))
        if any(abs(a - b) > 0.5 for a, b in zip(claimed, measured, strict=True)):
            yield f"{claimed} in the reason, {measured} in the evidence"
    compared = re.search(
        r" ([^ ]+ [^ ]+)(?: \(.*?\))?(?: (?:over|in) [^,]+(?:, over [^,]+)?)?, expected (.+?)(?:;|$)",
        data["serviceProblem"]["reason"],
    )
    if compared and compared[1] == compared[2]:
        yield f"{compared[0]}: no worse than expected"


def _words(event: Mapping[str, Any]) -> Iterator[str]:
    text = announcement(event, page="").plain
    for line in (*text.splitlines(), event["data"].get("explanation", "")):
        spoken = line.strip().startswith("say:")
        if found := RAW.search(line) or CERTAIN.search(line) or (None if spoken else CLOCK.search(line)):
            yield f"'{found[0]}' in: {line.strip()}"
    impact = event["data"]["impact"]
    claimed = re.search(r"about ([\d,]+) people affected", text)
    if claimed and int(claimed[1].replace(",", "")) != impact["affected"]:
        yield f"{claimed[0]}, and {impact['affected']} in the body"
    if "leadTimeS" in impact and abs(impact["leadTimeS"]) >= 60:
        side = "before" if impact["leadTimeS"] > 0 else "after"
        if f"{side} the first complaint" not in text:
            yield f"lead time {impact['leadTimeS']} s: {text}"
