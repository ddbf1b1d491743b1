"""The page: everything on it, nothing from outside, light enough to open, no one's identity."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from detector.backtest import report
from detector.backtest.diagrams import TimelineSpan, timeline
from detector.backtest.headlines import headlines, unmeasured, verdict
from detector.backtest.incident_views import why_false, why_missed
from detector.backtest.intervals import Figure
from detector.backtest.matching import match
from detector.backtest.overview import worst_cells
from detector.backtest.results import Results
from detector.backtest.summary import summarise
from detector.backtest.truth import Truth
from detector.domain.impact import Impact
from detector.domain.window import Window
from detector.reports import Column, Report
from tests.unit.backtest.small_truth import DAY, complaint, degraded, fault, incident, listed, opened, scored
from tests.unit.backtest.synthetic_week import replay


@pytest.fixture(scope="module")
def week():
    return match(*replay())


@pytest.fixture(scope="module")
def page(week):
    return report.render(week, summarise(week))


def test_every_incident_missed_fault_and_finding_is_on_the_page(week, page):
    for one in week.results.incidents:
        assert f'id="{one.incident_id}"' in page
        assert f'href="#{one.incident_id}"' in page
    missed = [f.fault_id for f in week.faults if f.fault_id not in week.found]
    assert missed
    assert all(f"<code>{name}</code>" in page for name in missed)
    assert "212 of 210 &lt;&amp;&gt;" in page


def test_nothing_comes_from_outside_and_no_one_is_named(week, page):
    assert not re.search(r"(src|href)=[\"']?(https?:|//)|@import|url\(", page)
    assert not any(listing.subscriber in page for listing in week.results.listings[:200])


def test_what_planning_would_read_is_on_the_page_a_dozen_rows_of_each_dimension(week):
    columns = (Column("by", "By"), Column("what", "What"), Column("people", "People affected", "people"))
    rows = (("all", "", 4321), *(("site", f"place-{n:02d}", None) for n in range(30)))
    made = Report("planning", "What incidents cost", columns, rows, ("Nobody is named.",))
    results = replace(week.results, reports=(made, Report("empty", "Nothing", columns, ())))
    page = report.render(match(results, week.truth), summarise(week))
    assert all(words in page for words in ("What incidents cost", "4,321", "place-11", "Nobody is named."))
    assert not any(words in page for words in ("place-12", "<strong>Nothing</strong>"))


def test_the_page_stays_light_with_many_incidents(monkeypatch):
    monkeypatch.setattr(report, "CHARTS_BYTES", 200_000)
    many = match(*replay(faults=150))
    page = report.render(many, summarise(many))
    assert len(page) < 1_000_000
    assert re.search(r"Plots are drawn for \d+ of 13\d incidents", page)


def test_text_from_the_data_is_escaped():
    bad = degraded("d", "a1", 100)
    judged = scored(Truth(()), bad, incidents=[replace(incident("i", bad), reason="<script>alert(1)</script>")])
    assert "<script>alert(1)" not in report.render(judged, summarise(judged))


def test_an_empty_replay_and_no_truth_still_make_a_page():
    empty = match(Results(window=DAY, cells=0, settings_hash="h"), Truth())
    page = report.render(empty, summarise(empty))
    assert "No incident was opened." in page
    assert "holds no truth" in page


def test_a_merged_incident_ends_where_it_went_on_and_the_truth_is_shown_beside_the_list():
    bad = degraded("d", "a1", 100)
    one = incident("i", bad, merged_into="inc_older")
    one = replace(one, resolved_at=None, updated_at=one.opened_at + 1800)
    truth = Truth((fault("f", "a1", 90, 200),), {"f": frozenset({"s1", "s2"})})
    judged = scored(truth, bad, incidents=[one], listings=[listed("i", "s1", 0.9, 100)])
    judged = replace(
        judged,
        results=replace(
            judged.results,
            impacts={
                one.incident_id: Impact(
                    incident_id=one.incident_id, assessed_at=0, exposed=9, affected=1, affected_low=0, affected_high=2
                )
            },
        ),
    )
    page = report.render(judged, summarise(judged))
    assert "went on as part of inc_older" in page
    assert "2 people behind the whole fault, 1 on this list" in page
    assert "open at the end" not in page


def test_the_timeline_is_well_formed_and_lanes_do_not_collide():
    bars = [[TimelineSpan(Window(h * 3600, (h + 3) * 3600), "major", f"<{h}>", f"inc{h}")] for h in range(0, 20, 2)]
    root = ElementTree.fromstring(timeline(DAY, bars, "UTC"))
    shapes = [r.attrib for r in root.iter("rect")]
    lanes = {}
    for shape in shapes:
        left, right = float(shape["x"]), float(shape["x"]) + float(shape["width"])
        assert all(right <= a or b <= left for a, b in lanes.get(shape["y"], []))
        lanes.setdefault(shape["y"], []).append((left, right))
    assert (len(shapes), len(lanes)) == (10, 2)


@pytest.mark.parametrize(
    ("detection", "suppression", "said"),
    [
        (degraded("d", "a1", 400), "maintenance", "Declared works"),
        (degraded("d", "a1", 400), None, "f (access), ended 3 h 20 min before"),
        (degraded("d", "a1", 40), None, "f (access), began 1 h after"),
        (degraded("d", "b1", 150), None, "No fault is known"),
    ],
)
def test_why_an_incident_is_false(detection, suppression, said):
    one = incident("i", detection, suppression=suppression)
    judged = scored(Truth((fault("f", "a1", 100, 200),)), detection, incidents=[one])
    assert said in why_false(judged, one)


@pytest.mark.parametrize(
    ("detections", "said"),
    [
        ([], "Nothing on its objects left the expected band"),
        ([degraded("d", "a1", 150, "no_data")], "data were missing"),
        ([degraded("d", "a1", 290)], "only 1 h 30 min after it ended"),
        ([degraded("d", "a1", 50)], "open there since before it began"),
        ([degraded("d", "b1", 150)], "Nothing on its objects"),
    ],
)
def test_why_a_fault_was_missed(detections, said):
    judged = scored(Truth((fault("f", "a1", 100, 200),)), *detections)
    assert said in why_missed(judged, judged.faults[0])


def test_what_is_unknown_has_no_card_and_is_named_with_its_reason():
    figures = summarise(scored(Truth()))
    assert [card.title for card in headlines(figures)] == ["Incidents"]
    left = {title: why for why, titles in unmeasured(figures) for title in titles}
    assert left["Faults found"] == "it needs a truth.csv"
    assert left["False alarms on quiet days"] == "it needs six days of counters before the replay"
    assert "unknown" not in report.render(scored(Truth()), figures).lower()


def test_without_truth_the_page_leads_with_what_was_seen():
    bad = degraded("d", "a1", 100)
    one = replace(incident("i", bad), state="resolved", resolved_at=130 * 60)
    people = [listed("i", "s1", 0.5, 100), listed("i", "s1", 0.9, 110), listed("i", "s2", 0.2, 100)]
    complaints = (complaint("k1", 120, cell="a1"), complaint("k2", 120, cell="b2"))
    judged = scored(Truth(None, None, complaints), bad, incidents=[one], listings=people, alerts=[opened("i")])
    results = replace(judged.results, held_out_false=Figure(2.0, 9, 0.5, 2.9), false_alarm_budget=3.0, cells=58)
    judged = match(results, judged.truth)
    cards = {card.title: card for card in headlines(summarise(judged))}
    assert list(cards)[:5] == [
        "Incidents",
        "Cells with trouble",
        "Duration",
        "People affected",
        "Complaints near an incident",
    ]
    assert cards["Incidents"].meaning == "were opened, 1 of them sent to care."
    assert cards["People affected"].value == "1.1"  # 0.9 by the latest row of s1, and 0.2
    assert (cards["Complaints near an incident"].value, cards["Complaints near an incident"].basis) == (
        "50 %",
        "1 of 2 network complaints",
    )
    said = cards["False alarms on quiet days"].meaning
    assert "budget is 3. With 58 cells that is about one every 9 weeks, within the budget." in said
    page = report.render(judged, summarise(judged))
    assert "The worst cells" in page
    assert "<code>a1</code>" in page


@pytest.mark.parametrize(
    ("spans", "hours"), [([(0, 2)], 2), ([(0, 2), (1, 3)], 3), ([(0, 2), (4, 5)], 3), ([(0, 9), (1, 2), (3, 4)], 9)]
)
def test_bad_time_that_overlaps_counts_once(spans, hours):
    own = [
        replace(degraded(f"d{n}", "a1", 0), started_at=a * 3600, detected_at=a * 3600, cleared_at=b * 3600)
        for n, (a, b) in enumerate(spans)
    ]
    (worst,) = worst_cells(scored(Truth(), *own).results)
    assert (worst.object_id, worst.degraded_s) == ("a1", hours * 3600)


def test_the_rates_stand_beside_their_budgets():
    judged = scored(Truth(()))
    results = replace(judged.results, false_alarm_budget=3.0, false_care_alert_budget=0.5)
    figures = summarise(match(results, judged.truth))
    assert (figures["false_alarm_budget"], figures["false_care_alert_budget"]) == (3.0, 0.5)
    said = {card.title: card.meaning for card in headlines(figures)}
    assert "budget is 3." in said["False degradations"]
    assert "budget is 0.5." in said["False care alerts"]


def test_the_verdict_in_plain_words(week):
    assert re.match(r"\d+ incidents were opened on 200 cells in 7 days\. \d+ of 22 faults", verdict(summarise(week)))


def test_persistence_ends_with_the_trouble_and_not_with_the_decision():
    bad = degraded("d", "a1", 100)
    one = replace(incident("i", bad), state="resolved", ended_at=130 * 60, resolved_at=190 * 60)
    judged = scored(Truth(), bad, incidents=[one])
    cards = {card.title: card for card in headlines(summarise(judged))}
    assert cards["Duration"].value == "45 min"
    page = report.render(judged, summarise(judged))
    assert "45 min" in page
    assert "1 h 45 min" not in page
