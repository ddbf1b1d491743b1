"""Whatever happens to an incident, nothing that is said of it contradicts itself: alerts, sentences, pages, lookups."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.app import read_catalogue
from detector.care import DecisionContext, compose, lookup
from detector.care.alert_context import AlertContext
from detector.care.phrases import SPEECH
from detector.delivery import cloudevents
from detector.domain.alert import WHY_NOT, Alert, Decision
from detector.domain.assessment import Assessment
from detector.domain.communication import ALL_CLEAR
from detector.domain.customer import Customers, Subscriber
from detector.domain.degradation import SEVERITIES, Degradation, Reading, leading
from detector.domain.impact import AccountImpact, Affected, Impact
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy, ImpactPolicy
from detector.domain.ports import Operator, Reference
from detector.incidents.reason import reason
from detector.labels.observation import observation_text
from detector.labels.quantities import pair
from detector.web import serializers
from detector.web.affected_view import care_words, people
from detector.web.incident_view import lead_class, lead_time, measured
from detector.web.page import Page, summary
from detector.web.service import CareView
from jobs.commands import lookup as lookup_command
from tests.lengths import examples
from tests.listings import listing_of
from tests.texts import CERTAIN, CLOCK, RAW, contradictions

CATALOGUE = read_catalogue(Path("config/kpis.toml"))
KPIS = {kpi.id: kpi for kpi in CATALOGUE.kpis if kpi.scored}
NOW = 1_774_346_400  # 2026-03-24T10:00Z
QUARTER = 900
LANGUAGES = tuple(sorted(SPEECH))
ZONES = ("UTC", "Europe/Zurich", "America/New_York", "Asia/Kathmandu", "America/Sao_Paulo")
KINDS = ("outage", "sleeping", "accessibility", "retainability", "mobility", "integrity", "drift", "congestion", "core")


@st.composite
def readings(draw: st.DrawFn, kpi_id: str) -> Reading:
    """Bad as a rule; now and then no worse than expected, which nobody may be told as the fault."""
    kpi, size = KPIS[kpi_id], draw(st.sampled_from([12.0, 900.0, 11_180.0, 4.2e6]))
    good = draw(st.floats(0.9, 1.0)) if kpi.kind == "ratio" else draw(st.floats(1e-4, 2e6))
    share = draw(st.sampled_from([0.0, 0.004, 0.3, 0.9, 0.9999, 1.02]))
    observed = good * share if kpi.direction == "up" else good * (2 - share)
    if kpi.kind == "ratio":
        good, observed = (good, min(observed, 1.0)) if kpi.direction == "up" else (1 - good, 1 - min(good * share, 1.0))
    return Reading(NOW, draw(st.sampled_from([1, 3, 12])), observed, good, round(observed * size), size)


@st.composite
def degradations(draw: st.DrawFn, n: int, since: int, over: bool) -> Degradation:
    family_data = draw(st.integers(0, 9)) == 0
    kpi_id = draw(st.sampled_from(sorted(KPIS)))
    one = draw(readings(kpi_id))
    worst = draw(readings(kpi_id))
    return Degradation(
        degradation_id=f"deg_{n}",
        object_id=f"c{n}",
        family="data" if family_data else KPIS[kpi_id].family,
        kpi="data" if family_data else kpi_id,
        kind=draw(st.sampled_from(KINDS)),
        started_at=since,
        detected_at=since + QUARTER,
        severity=draw(st.sampled_from(SEVERITIES)),
        neg_log10_p=draw(st.floats(3.0, 300.0)),
        expected=one.expected,
        observed=one.observed,
        numerator=one.numerator,
        denominator=one.denominator,
        excess=1.0,
        periods=one.periods,
        duration_s=QUARTER,
        cleared_at=NOW - QUARTER if over else None,
        readings=() if family_data else (one, worst),
        confirmed_by=draw(st.sampled_from([(), ("neighbours",), ("alarm",), ("core", "alarm")])),
        neighbour_load=draw(st.sampled_from([None, 1.0, 1.7])),
    )


@dataclass(kw_only=True)
class World:
    """One incident at one step, with everybody whom it touches."""

    incident: Incident
    own: tuple[Degradation, ...]
    impact: Impact
    decisions: tuple[Decision, ...]
    timezone: str
    type_: str
    before: dict[str, object] | None
    complained_at: int | None

    def alert(self, **changes: object) -> Alert:
        assessment = Assessment(incident=self.incident, degradations=self.own, impact=self.impact, decisions=self.decisions)
        alert = compose(
            AlertContext(
                assessment=assessment,
                type_=self.type_,
                sequence=2,
                now=NOW,
                reference=Reference(operator=Operator(timezone=self.timezone)),
                kpis=KPIS,
                care_policy=CarePolicy(languages=LANGUAGES),
                privacy_floor=ImpactPolicy().privacy_floor,
                link_base="",
                before=changes.get("before", self.before) or {},
            )
        )
        if self.complained_at is None or self.incident.withdrawn_at is not None or self.incident.state == "merged":
            return alert
        impact = alert.data["impact"] | {"leadTimeS": self.complained_at - self.incident.opened_at}
        return replace(alert, data={**alert.data, "impact": impact})


STATES = ("open", "over", "merged", "withdrawn", "open under works", "works overrun", "no data")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    state = draw(st.sampled_from(STATES))
    since = NOW - draw(st.sampled_from([900, 7200, 90_000, -60]))
    over = state in ("over", "merged", "withdrawn")
    own = tuple(draw(degradations(n, since, over)) for n in range(draw(st.integers(1, 4))))
    incident = Incident(
        incident_id="inc_1",
        root_kind="site",
        root_id="s1",
        kind=draw(st.sampled_from(KINDS)),
        started_at=since,
        opened_at=NOW - 600,
        severity=leading(own).severity,
        degradation_ids=tuple(d.degradation_id for d in own),
        cells=tuple(d.object_id for d in own),
        reason="",
        confidence=0.9,
        expected_clear_at=draw(st.sampled_from([None, NOW - 60, NOW + 3600])),
        expected_clear_source="ticket",
    )
    incident = replace(incident, reason=reason(own, ("site", "s1"), members=4, kpis=KPIS, kind=incident.kind))
    ended = {"state": "resolved", "resolved_at": NOW, "ended_at": NOW - draw(st.sampled_from([0, 900, 5400, 200_000]))}
    changes = {
        "over": ended,
        "merged": {"state": "merged", "merged_into": "inc_0"},
        "withdrawn": {"state": "resolved", "resolved_at": NOW, "withdrawn_at": NOW, "ended_at": since},
        "open under works": {"suppression": "maintenance"},
        "works overrun": {"works_until": NOW - 1800},
        "no data": {"no_data_since": NOW - 1800},
    }
    incident = replace(incident, **changes.get(state, {}))
    impact, decisions = draw(everybody(over=state in ("over", "merged", "withdrawn")))
    world = World(
        incident=incident,
        own=own,
        impact=impact,
        decisions=decisions,
        timezone=draw(st.sampled_from(ZONES)),
        type_="resolved" if over else "updated",
        before=None,
        complained_at=draw(st.sampled_from([None, NOW - 3600, NOW - 630, NOW + 1800])),
    )
    if draw(st.booleans()):
        earlier = draw(everybody(over=False))
        opened = replace(world, impact=earlier[0], decisions=earlier[1], type_="opened", complained_at=None)
        first = replace(
            opened, incident=replace(incident, state="open", resolved_at=None, withdrawn_at=None, suppression=None)
        )
        world.before = json.loads(json.dumps(first.alert().data))
    return world


@st.composite
def everybody(draw: st.DrawFn, *, over: bool) -> tuple[Impact, tuple[Decision, ...]]:
    listed = draw(st.integers(0, 60))
    chances = [draw(st.sampled_from([0.02, 0.1, 0.29, 0.5, 0.83, 1.0])) for _ in range(listed)]
    affected = sum(chances)
    folk = tuple(
        Affected(
            incident_id="inc_1", subscriber=f"sub_{i:03}", account="", basis="expected", probability=chance, exposure_s=900.0
        )
        for i, chance in enumerate(chances)
    )
    impact = Impact(
        incident_id="inc_1",
        assessed_at=NOW,
        exposed=listed + draw(st.integers(0, 9)),
        affected=affected,
        affected_low=affected * draw(st.floats(0, 1)),
        affected_high=affected * draw(st.floats(1, 2)),
        people=folk,
        accounts=(
            AccountImpact(account="acc_1", kind="enterprise", tier="gold", affected_lines=draw(st.integers(1, 9)), lines=40),
        ),
    )
    action = ALL_CLEAR if over else "proactive_message"
    decisions = []
    for i, chance in enumerate(chances):
        why = draw(st.sampled_from(["", *WHY_NOT]))
        does = action if not why and chance >= 0.5 else "none"
        decisions.append(
            Decision(
                incident_id="inc_1",
                subscriber=f"sub_{i:03}",
                contactable=not why,
                why_not=why,
                action=does,
                channel="",
                recipient=f"sub_{i:03}",
                decided_at=NOW,
            )
        )
    if over:  # whoever was told before hears that it is over, listed still or not
        notified = draw(st.integers(0, 20))
        decisions += [
            Decision(
                incident_id="inc_1",
                subscriber=f"old_{i}",
                contactable=True,
                why_not="",
                action=ALL_CLEAR,
                channel="sms",
                recipient=f"old_{i}",
                decided_at=NOW,
            )
            for i in range(notified)
        ]
    return impact, tuple(decisions)


@settings(max_examples=examples(75, 1_500), deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_an_alert_does_not_contradict_itself(world):
    event = json.loads(cloudevents(world.alert(), "/precall/test"))
    assert contradictions(event) == []


@settings(max_examples=examples(50, 1_000), deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_a_page_shows_what_the_alert_states(world):
    data = world.alert().data
    page = Page(world.timezone, NOW, ImpactPolicy().privacy_floor)
    counts = people(world.impact, page, data["impact"])
    affected = data["impact"]["affected"]
    assert counts["affected"] == ("fewer than 5" if affected is None else f"{affected:,}")
    listed = [one for one in world.decisions if one.contactable]
    view = CareView(
        say=data["say"],
        contactable=len(listed),
        first_complaint_at=world.complained_at,
        listed=len(world.decisions),
        proposed=sum(one.action != "none" for one in listed),
    )
    reach = care_words(view, page, world.incident, data["impact"])["reach"]
    contactable = data["impact"]["contactable"]
    assert reach.startswith("fewer than 5" if contactable is None else f"{contactable:,}")
    line = summary(world.incident, page)
    rows = [measured(d, KPIS.get, page) for d in world.own]
    texts = [line.since, line.until, line.state, reach, *(text for row in rows for text in vars(row).values())]
    assert [found for text in texts if (found := RAW.search(text) or CLOCK.search(text))] == []
    assert ("over since" in line.state) == bool(line.until) == (data["serviceProblem"]["status"] == "Resolved")
    ahead = lead_time(world.incident, view)
    assert not ("after" in ahead and lead_class(world.incident, view) == "lead"), "no success where the customer was first"
    assert not ("before" in ahead and lead_class(world.incident, view) == "late")


@settings(max_examples=examples(50, 1_000), deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(), st.sampled_from([0.02, 0.29, 0.5, 0.83, 1.0]), st.sampled_from(["ann", "kid"]))
def test_a_lookup_asserts_no_more_than_it_knows(world, chance, who):
    known = Customers(
        {"ann": Subscriber(key="ann", language="de"), "kid": Subscriber(key="kid", minor=True, guardian="ann")}
    )
    policy = CarePolicy(languages=LANGUAGES)
    row = listing_of(
        incident_id="inc_1",
        subscriber=who,
        account="",
        basis="expected",
        probability=chance,
        exposure_s=900.0,
        listed_at=NOW,
    )
    lead = leading(world.own, world.incident.kind)
    answer = lookup(
        who,
        context=DecisionContext(
            reference=Reference(operator=Operator(timezone=world.timezone), customers=known), now=NOW, care_policy=policy
        ),
        incidents=[world.incident],
        listings=[row],
        leads={"inc_1": lead},
    )
    text = lookup_command.shown(json.loads(json.dumps(serializers.lookup(answer))))
    operator = "\n".join(line for line in text.splitlines() if not line.startswith("say ("))
    assert [found for one in (RAW, CERTAIN) if (found := one.search(text))] == []
    assert CLOCK.search(operator) is None
    for language, said in answer.say.items():
        asserted = any(phrase in said for phrase in SPEECH[language].trouble.values())
        assert not (asserted and chance < policy.contact_above), "less likely than not: nothing is asserted"
        assert not (asserted and (who == "kid" or world.incident.state != "open")), "neither of a minor nor of what is over"
        assert not (asserted and answer.affected != "yes")
    if answer.affected == "yes" and who == "ann" and world.incident.state == "open" and not world.incident.silent:
        assert answer.say["en"] == world.alert().data["say"]["en"], "care and the caller hear one story"


@settings(max_examples=examples(150, 3_000), deadline=None)
@given(st.sampled_from(sorted(KPIS)).flatmap(lambda name: st.tuples(st.just(name), readings(name))))
def test_what_is_no_worse_than_expected_is_never_named_as_the_fault(drawn):
    name, one = drawn
    own = SimpleNamespace(family=KPIS[name].family, kpi=name, object_id="c1", duration_s=QUARTER, reading=one)
    text = observation_text(own, KPIS[name])
    assert RAW.search(text) is None
    seen, wanted = pair(KPIS[name], one.observed, one.expected)
    worse = KPIS[name].shortfall(one.observed, one.expected) > 0
    assert (f", expected {wanted.split()[0]}" in text) == (worse and seen != wanted) == (", expected " in text)
    assert re.search(r"\b100\.0 %|\b0\.0 %", text) is None
