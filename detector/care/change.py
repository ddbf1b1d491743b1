"""What changed between an update and the alert before it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from detector.care.facts import Facts
from detector.domain.window import epoch
from detector.labels.terms import place
from detector.labels.times import clock

_OVER = ("Resolved", "Closed")
_NOT_OVER = "open again: data that came late show that it is not over"
_SEVERITY = {1: "critical", 2: "major", 4: "minor", 7: "warning"}


def what_changed(before: Mapping[str, Any], now: Mapping[str, Any], facts: Facts | None = None) -> str:
    """A sentence from the `data` of two successive alerts of one incident: only what both showed is compared, so it reveals
    no more of people than they do. Empty for no `before`. Times are in the zone of `facts`, in UTC without.

    >>> first = {"serviceProblem": {"priority": 4}, "impact": {"affected": 120}, "expected": {"clear": None}}
    >>> then = {"serviceProblem": {"priority": 2}, "impact": {"affected": 300}, "expected": {"clear": None}}
    >>> what_changed(first, then)
    'severity minor → major; affected 120 → 300'
    >>> node, nf = ({"serviceProblem": {"rootCauseResource": [{"id": name}]}} for name in ("node:enb-5", "nf:amf-1"))
    >>> what_changed(node, nf)
    'root cause base station enb-5 → core function amf-1'
    """
    if not before:
        return ""
    again = before.get("serviceProblem", {}).get("status") in _OVER
    pairs = zip(_facts(before).items(), _facts(now).values(), strict=True)
    moved = [
        f"{what} {_in_words(what, old, facts)} → {_in_words(what, new, facts)}" for (what, old), new in pairs if old != new
    ]
    if _may_be_contacted(now) and not _may_be_contacted(before):
        moved.append("people may be contacted now")
    return "; ".join([_NOT_OVER, *moved] if again else moved)


def _facts(data: Mapping[str, Any]) -> Mapping[str, object]:
    problem = data.get("serviceProblem", {})
    expected = data.get("expected", {})  # our own estimate moves with every tick: only a promise is news
    roots = [root["id"] for root in problem.get("rootCauseResource", ())]
    return {
        "severity": _SEVERITY.get(problem.get("priority", 0)),
        "root cause": place(*roots[0].split(":", 1)) if roots else None,
        "cells": len(problem.get("affectedResource", ())) + problem.get("affectedResourceNotListed", 0),
        "affected": data.get("impact", {}).get("affected"),
        "expected clear": None if "low" in expected else expected.get("clear"),
    }


def _may_be_contacted(data: Mapping[str, Any]) -> bool:
    return data.get("impact", {}).get("contactable") is not None


def _in_words(what: str, value: object, facts: Facts | None) -> str:
    if value is None:
        return "under the privacy floor" if what == "affected" else "unknown"
    if what != "expected clear":
        return f"{value:,}" if isinstance(value, int) else str(value)
    at = epoch(datetime.fromisoformat(str(value)))
    return facts.clock(at) if facts else clock(at, "UTC")
