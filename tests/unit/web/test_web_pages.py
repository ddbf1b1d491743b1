"""What a care lead sees."""

import re
from dataclasses import replace
from html import unescape

import pytest

from detector.domain.coverage import Coverage
from detector.domain.customer import Customers
from detector.domain.impact import AccountImpact, Impact
from detector.domain.incident import RootCandidate
from detector.domain.notification import WaitingIncident
from detector.domain.outlook import Breach, Outlook
from tests.unit.web.conftest import OPEN, START, alert, listed, set_evidence


def text(answer) -> str:
    """The page as read: no tags, no charts, one space between words."""
    body = re.sub(r"<(svg|style|head)\b.*?</\1>", " ", answer.text, flags=re.S)
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
    return re.sub(r" ([.,])", r"\1", words)


def test_the_first_visit_trades_the_token_for_a_cookie_and_leaves_it_out_of_the_address(outsider):
    answer = outsider.get("/incidents/inc_open", params={"token": "a-token-for-the-tests"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/inc_open")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "a-token-for-the-tests" not in cookie
    assert outsider.get("/incidents/inc_open").status_code == 200


@pytest.mark.parametrize("params", [{}, {"token": "wrong-token-for-tests"}])
def test_a_stranger_reads_how_to_come_in(outsider, params):
    answer = outsider.get("/", params=params, headers={"accept": "text/html"})
    assert answer.status_code == 401
    assert "Open this page once with ?token=" in text(answer)
    assert "s010" not in answer.text


def test_a_forged_cookie_does_not_open(outsider):
    outsider.cookies.set("precall", "a-token-for-the-tests")
    assert outsider.get("/").status_code == 401


READ_IN_TEN_SECONDS = [
    "major ongoing Connections fail at site s010 RRC setup success is 91.4 %",
    "Since Tue 24 Mar, 09:00 CET Lasting 1 h 45 min Found after 45 min, 47 min before the first complaint",
    "Expected to clear 13:00 CET (ticket)",
    "610 people 540 to 695 at 95 % confidence, of 2,310 who were there",
    "Private accounts 480",
    "Business accounts 1 35 lines affected",
    "Family accounts fewer than 5 lines affected",
    "acc_9f, gold 17 % 35 of 210 lines",
    "Calls and mobile data have often failed to start in your area since 09:00.",
    "Next: proactive message by consumer-care. 400 of 605 listed may be contacted, 400 to be contacted.",
    "Not contacted: 130 quiet hours now, 70 gave no consent, fewer than 5 contacted enough this week.",
    "c01011 RRC setup success 91.4 % 10,220 of 11,180 99.2 % 45 min Tue 24 Mar, 09:00 CET ongoing",
    "Tue 24 Mar, 09:45 CET Opened minor Three cells of site s010 refuse connections.",
    "Tue 24 Mar, 10:15 CET Updated major 610 people affected",
]


@pytest.mark.parametrize("sentence", READ_IN_TEN_SECONDS)
def test_the_incident_page_shows(person, sentence):
    assert sentence in text(person.get("/incidents/inc_open"))


def test_the_worst_evidence_comes_first_and_an_unknown_kpi_still_shows(person):
    page = text(person.get("/incidents/inc_open"))
    assert page.index("c01011 RRC") < page.index("c01010 RRC") < page.index("c01012 unknown_kpi 0.914")


def test_the_page_names_the_root_among_its_candidates(person, service):
    service.known[0] = replace(
        OPEN,
        root_candidates=(RootCandidate("site", "s010", 3, 3, 1e-9, 1.0), RootCandidate("edge", "hub-2", 3, 18, 4e-5, 1.0)),
    )
    text = person.get(f"/incidents/{OPEN.incident_id}").text
    assert "<strong>site s010</strong>" in text
    assert "transport hub-2" in text
    assert "0.004 %" in text


def test_charts_mark_onset_detection_and_resolution(person, service):
    page = person.get("/incidents/inc_open").text
    assert page.count("<svg") == 3
    assert all(f">{label}<" in page for label in ("began", "detected"))
    service.known[0] = replace(service.known[0], state="resolved", resolved_at=service.known[0].opened_at + 3600)
    assert ">resolved<" in person.get("/incidents/inc_open").text


def test_a_repeated_step_is_shown_once(person):
    assert text(person.get("/incidents/inc_open")).count("severity raised") == 1


def test_many_cells_are_folded_away(person, service):
    cells = [replace(service.evidence[0], object_id=f"c{n:03d}", degradation_id=f"deg_{n:03d}") for n in range(40)]
    set_evidence(service, *cells)
    assert "28 more" in text(person.get("/incidents/inc_open"))


def test_where_no_customer_is_known_nobody_claims_that_few_are_affected(person, service):
    """An integrator's first evening: counters, and no table about people yet."""
    service.impacts["inc_open"] = replace(
        service.impacts["inc_open"], people=(), exposed=0, affected=0.0, affected_low=0.0, affected_high=0.0, accounts=()
    )
    assert "fewer than 5 people" in text(person.get("/incidents/inc_open")), "customers are known: few of them were there"
    service.reference = replace(service.reference, customers=Customers())
    page, front = text(person.get("/incidents/inc_open")), text(person.get("/"))
    assert "Not known: no customers and no attachments have been read" in page
    assert "fewer than 5" not in page + front


def test_an_incident_nobody_assessed_is_no_empty_page(person):
    page = text(person.get("/incidents/inc_over"))
    assert "critical resolved No service at site s022" in page
    assert "Lasted 2 h 46 min Over since Mon 23 Mar, 10:46 CET Resolved Mon 23 Mar, 10:46 CET" in page
    assert "Not assessed yet." in page


def test_without_a_promise_the_page_shows_our_estimate_as_one(person, service):
    service.known[0] = replace(service.known[0], expected_clear_at=None, expected_clear_source="")
    at = service.now()
    service.outlooks["inc_open"] = Outlook(
        incident_id="inc_open",
        made_at=int(at),
        clear_at=int(at) + 7200,
        clear_low=int(at) + 1800,
        clear_high=int(at) + 36_000,
    )
    said = "Expected to clear 12:45 CET (our estimate; 11:15 CET to 20:45 CET in 80 % of such cases)"
    assert said in text(person.get("/incidents/inc_open"))


@pytest.mark.parametrize(
    ("at", "low", "high", "said"),
    [
        (7200, 3600, 10_800, "12:45 CET (our estimate; 11:45 CET to 13:45 CET)"),
        (7200, 3600, None, "12:45 CET (our estimate; 11:45 CET to later than in three days)"),
        (None, 3600, None, "not within three days, at the earliest 11:45 CET"),
        (None, None, None, "not within three days"),
    ],
)
def test_a_drift_shows_when_it_reaches_its_next_severity(person, service, at, low, high, said):
    now = int(service.now())
    at, low, high = (None if side is None else now + side for side in (at, low, high))
    breach = Breach(
        object_id="c01010", kpi="lte_rrc_sr", severity="major", limit=0.892, made_at=now, at=at, low=low, high=high
    )
    service.outlooks["inc_open"] = Outlook(
        incident_id="inc_open",
        made_at=now,
        clear_at=now + 7200,
        clear_low=now + 1800,
        clear_high=now + 36_000,
        past=3,
        breaches=(breach,),
    )
    assert f"Drifts RRC setup success of c01010 to major (89.2 %): {said}" in text(person.get("/incidents/inc_open"))


def test_the_page_shows_why_care_is_not_notified_yet(person, service):
    service.alerts.clear()
    service.waiting["inc_open"] = WaitingIncident("inc_open", "capacity", START, "major", "consumer-care")
    assert "not told to care: its team has no room this hour" in text(person.get("/incidents/inc_open"))


def test_few_people_are_not_counted_out(person, service):
    service.impacts["inc_open"] = Impact(
        incident_id="inc_open",
        assessed_at=60,
        exposed=4,
        affected=3.2,
        affected_low=1.1,
        affected_high=6.0,
        people=(),
        accounts=(AccountImpact(account="acc_home", kind="family", tier="", affected_lines=3, lines=4),),
    )
    page = text(person.get("/incidents/inc_open"))
    assert "fewer than 5 people of fewer than 5 who were there" in page
    assert "acc_home" not in page
    assert "confidence" not in page


def test_what_others_wrote_is_text_never_markup(person, service):
    evil = "<script>alert(1)</script>"
    service.known[0] = replace(service.known[0], reason=evil, root_id=evil, ticket_id=evil)
    service.listings = [listed(f"sub_{n}", evil) for n in range(9)]
    service.alerts = [alert(1, evil, evil, evil, 60, team=evil)]
    set_evidence(service, replace(service.evidence[0], object_id=evil))
    service.bands_of.clear()
    page = person.get("/incidents/inc_open")
    assert page.status_code == 200
    assert page.text.count("<script") == 1  # our own file
    assert evil in unescape(page.text)


def test_the_list_shows_trouble_people_and_time(person):
    page = text(person.get("/"))
    assert "major Connections fail at site s010" in page
    assert "610 people affected 1 h 45 min ongoing, since Tue 24 Mar, 09:00 CET" in page
    assert "Data is slow at cell c09 declared maintenance" in page
    assert "over since Mon 23 Mar, 10:46 CET" in page


def test_the_list_by_state_and_its_older_pages(person, service):
    resolved = text(person.get("/", params={"state": "resolved"}))
    assert ("at site s022" in resolved, "at site s010" in resolved) == (True, False)
    service.known = [replace(service.known[0], incident_id=f"inc_{n}") for n in range(60)]
    assert 'href="/?state=open&amp;offset=50"' in person.get("/", params={"state": "open"}).text
    assert "Older" not in text(person.get("/", params={"state": "open", "offset": 50}))


def test_a_quiet_network_is_shown_as_such_with_what_was_measured(person, service):
    service.known = []
    page = text(person.get("/"))
    assert "All quiet No incident to show. 18 of 20 cells and core functions measured, by 1 KPIs." in page
    assert "S1 success 0 of 20 S1SIG.ConnEstabAtt" in page


NOTHING = Coverage(at=START + 6300, objects=20, measured=0, since=None, until=None, kpis=())
NOT_QUIET = {
    "nothing is measured": NOTHING,
    "only 4 of 20 cells and core functions are measured": replace(NOTHING, measured=4, since=START, until=START + 6000),
    "the newest data are of 09:00 CET": replace(NOTHING, at=START + 20_000, measured=20, since=START, until=START),
}


@pytest.mark.parametrize("why", NOT_QUIET)
def test_it_is_never_called_quiet_where_nothing_or_little_is_measured(why, person, service):
    service.known, service.measured = [], NOT_QUIET[why]
    service.at = float(service.measured.at)
    page = text(person.get("/"))
    assert "quiet" not in page
    assert f"No incident is known That says nothing of the network: {why}." in page


def test_a_sick_service_is_not_called_quiet(person, service):
    service.known, service.problems = [], ["detect is two ticks behind"]
    page = text(person.get("/"))
    assert "quiet" not in page
    assert "That says nothing of the network: detect is two ticks behind." in page


def test_an_incident_that_is_not_measured_any_more_shows_since_when(person, service):
    service.known = [replace(OPEN, no_data_since=START + 3600)]
    assert "no data since 10:00" in text(person.get("/"))
    assert "Measured until 10:00 CET; nobody knows how it goes on" in text(person.get("/incidents/inc_open"))


def test_an_unknown_incident_is_a_page_too(person):
    answer = person.get("/incidents/inc_none")
    assert (answer.status_code, "There is no such incident." in text(answer)) == (404, True)


@pytest.mark.parametrize("path", ["/", "/incidents/inc_open"])
def test_pages_need_nothing_from_other_hosts_and_no_script_but_our_own_file(person, path):
    page = person.get(path).text
    assert re.findall(r'(?:src|href)="(?![/#])', page) == []
    assert re.findall(r"<script[^>]*>", page) == ['<script src="/static/precall.js" defer>']
    assert person.get("/static/precall.js").status_code == 200
    assert person.get("/static/precall.css").headers["content-type"].startswith("text/css")


def test_every_page_has_the_same_way_to_all_others_and_marks_where_it_is(person):
    marked = {
        path: re.findall(r'<a href="([^"]+)" aria-current="(\w+)">', person.get(path).text.partition("</nav>")[0])
        for path in ("/", "/?state=open", "/incidents/inc_open", "/incidents/inc_none", "/nowhere")
    }
    assert marked == {
        "/": [("/", "page")],
        "/?state=open": [("/", "page")],
        "/incidents/inc_open": [("/", "true")],
        "/incidents/inc_none": [("/", "true")],
        "/nowhere": [],
    }
    assert all('href="/reports"' in person.get(path).text for path in marked)


def test_titles_distinguish_pages_and_a_favicon_is_there(person, service):
    service.known.append(replace(OPEN, incident_id="inc_twin"))
    paths = ("/", "/?state=open", "/?state=resolved", "/incidents/inc_open", "/incidents/inc_twin", "/incidents/none")
    titles = [re.search(r"<title>(.*?)</title>", person.get(path).text)[1] for path in paths]
    assert len(set(titles)) == len(paths)
    assert person.get("/favicon.ico").headers["content-type"] == person.get("/static/favicon.svg").headers["content-type"]


@pytest.mark.parametrize(("path", "seconds"), [("/", "30"), ("/incidents/inc_open", "60"), ("/incidents/inc_over", None)])
def test_what_may_change_is_loaded_anew_what_is_over_is_not(person, path, seconds):
    found = re.search(r'data-refresh-s="(\d+)"', person.get(path).text)
    assert (found and found[1]) == seconds
    assert 'http-equiv="refresh"' not in person.get(path).text


def test_an_agent_reads_what_to_say_before_what_engineers_fold_out(person):
    page = person.get("/incidents/inc_open").text
    order = [page.index(f"<h2>{words}</h2>") for words in ("What to say", "Who is affected", "What happened", "Evidence")]
    assert order == sorted(order)
    assert re.findall(r'<details class="card" id="(\w+)"( open)?>', page) == [("measured", ""), ("evidence", "")]
