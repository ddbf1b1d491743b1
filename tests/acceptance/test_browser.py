"""The pages in a real browser: every page of the service and the report of a backtest, narrow and wide, light and dark.

Needs playwright and a chromium of the system (`sh .ci/install-browser`); without them the tests are skipped.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detector.backtest import report
from detector.backtest.comparison import Earlier, compare
from detector.backtest.intervals import Figure
from detector.backtest.matching import match
from detector.backtest.summary import summarise
from detector.backtest.truth import Truth
from detector.reports import REPORTS
from detector.web import create_app
from detector.web.server import WebServer
from jobs.web_wiring import care_service_of, web_service_of
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import FAULT, QUARTER, write_operator
from tests.unit.backtest.synthetic_week import replay
from tests.unit.web.conftest import small_service

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), "")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: make install")

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="needs chromium: sh .ci/install-browser"),
    pytest.mark.xdist_group("browser"),
]

TOKEN = "a-token-of-this-test"
CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
NARROW, WIDE = 390, 1280
LOOKS = [(NARROW, "light"), (NARROW, "dark"), (WIDE, "light")]
"""Contrast hangs on the scheme, not on the width."""
PATIENCE_MS = 30_000
LONG = "RRC-connection-setup-success-of-the-old-harbour-tunnel-and-the-station-forecourt-is-91.4-%-" * 2
"""Text without a place to break it: what a vendor's names look like."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """The operator in miniature after an hour of its fault, served: its address and all paths of its pages."""
    root = tmp_path_factory.mktemp("browser")
    write_operator(root / "operator")
    app = SmallApp(root=root)
    for at in range(FAULT[0] + QUARTER + 300, FAULT[1] + 600, QUARTER):
        app.tick(at)
    app.jobs.run("experience")
    server = WebServer(create_app(web_service_of(app.wired), care_service_of(app.wired), token=TOKEN), "127.0.0.1", 0)
    found = [f"/incidents/{i.incident_id}" for i in app.store.incidents.all()]
    assert found
    reports = [f"/reports/{name}" for name in sorted(REPORTS)]
    lists = ["/", "/?state=open", "/?state=resolved", "/reports"]
    yield server.start(), [*lists, *found, *reports, "/incidents/inc_0000000000000000", "/nowhere"]
    server.stop()
    app.close()


@pytest.fixture(scope="module")
def crowded() -> Iterator[tuple[str, list[str]]]:
    """Pages with everything that can stand on them at once, and with texts that do not break."""
    service = small_service()
    service.known[0] = replace(service.known[0], reason=LONG, root_id="s010-" + "x" * 60, ticket_id="T" * 50)
    service.known[2] = replace(service.known[2], severity="warning")
    service.problems = ["detect is two ticks behind", LONG]
    server = WebServer(create_app(service, token=TOKEN, timezone="Asia/Kathmandu"), "127.0.0.1", 0)
    yield server.start(), ["/", "/incidents/inc_open", "/incidents/inc_over", "/incidents/inc_works"]
    server.stop()


@pytest.fixture(scope="module")
def browser(service: tuple[str, list[str]], crowded: tuple[str, list[str]]) -> Iterator[Any]:
    """Started after the services and stopped before them: while it runs, this thread has an event loop."""
    with playwright.sync_playwright() as driver:
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Reports of backtests on disk: with truth and beside an earlier result, without truth, and of an empty replay."""
    results, truth = replay()
    judged = match(replace(results, false_alarm_budget=3.0, held_out_false=Figure(2.0, 9, 0.5, 2.9)), truth)
    figures = summarise(judged)
    earlier = Earlier("out/a-folder-with-a-name-that-is-rather-long/backtest", {**figures, "settings_hash": "h"}, ())
    blind = match(results, Truth())
    empty = match(replace(results, incidents=(), degradations=(), listings=(), impacts={}, bands={}), Truth(()))
    made = {
        "truth": report.render(judged, figures, compare(earlier, figures, results.incidents)),
        "blind": report.render(blind, summarise(blind)),
        "empty": report.render(empty, summarise(empty)),
    }
    folder = tmp_path_factory.mktemp("reports")
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return [(folder / f"{name}.html").as_uri() for name in made]


def opened(browser: Any, url: str, width: int, scheme: str, **more: Any) -> Any:
    """A page that remembers nothing, signed in; what its console complains of is kept in `page.complaints`."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{url}/?token={TOKEN}" if url.startswith("http") else url)
    return page


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("which", ["service", "crowded"])
def test_every_page_can_be_read(browser: Any, which: str, width: int, scheme: str, request: pytest.FixtureRequest) -> None:
    """Contrast of AA in both schemes, no sideways scrolling, headers with scope, names, one h1, a title of its
    own, and the same navigation everywhere, which marks where the reader is."""
    url, paths = request.getfixturevalue(which)
    page = opened(browser, url, width, scheme)
    wrong, titles, links = {}, [], set()
    for path in paths:
        page.goto(url + path)
        if found := page.evaluate(CHECKS):
            wrong[path] = found
        titles.append(page.title())
        links.add(tuple(page.eval_on_selector_all("nav.sections a", "all => all.map(a => a.getAttribute('href'))")))
        current = page.eval_on_selector_all("nav.sections [aria-current]", "all => all.map(a => a.textContent)")
        assert current == ([] if path == "/nowhere" else ["Reports"] if path.startswith("/reports") else ["Incidents"])
    assert wrong == {}
    assert links == {("/", "/reports")}
    assert len(set(titles)) >= len(paths) - (which == "service"), titles  # two addresses of nothing are one page
    assert [said for said in page.complaints if "404" not in said] == []
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_report_of_a_backtest_can_be_read(browser: Any, reports: list[str], width: int, scheme: str) -> None:
    page = opened(browser, reports[0], width, scheme)
    wrong = {}
    for url in reports:
        page.goto(url)
        if found := page.evaluate(CHECKS):
            wrong[url.rpartition("/")[2]] = found
        assert "unknown" not in page.inner_text("main").lower()
    assert wrong == {}
    assert page.complaints == []
    page.context.close()


def test_a_stranger_can_read_why_nothing_is_shown(browser: Any, service: tuple[str, list[str]]) -> None:
    page = opened(browser, "data:text/html,", NARROW, "dark")
    page.goto(service[0] + "/incidents/inc_1")
    assert "Open this page once with" in page.inner_text("main")
    assert page.evaluate(CHECKS) == []
    page.context.close()


def test_the_checks_see_what_they_are_for(browser: Any) -> None:
    """A page that is wrong in every way is found wrong in every way."""
    page = opened(browser, "data:text/html,", NARROW, "light")
    page.set_content(
        "<p style='color:#999'>pale</p><div style='width:600px'>wide</div><table><tr><th>head<tr><td>cell</table>"
        "<div style='opacity:.4'><b>faint</b></div><svg><text y=9 fill='#bbb'>drawn</text></svg><button></button>"
        "<i id=a></i><i id=a></i>"
    )
    said = " / ".join(page.evaluate(CHECKS))
    wanted = ['"pale"', '"faint"', '"drawn"', "sideways: 60", "without a caption", "without scope", "skip link"]
    wanted += ["no language", "no title", "not one h1", "no name", "id a twice"]
    assert [words for words in wanted if words not in said] == []
    page.context.close()


def test_refresh_can_be_paused_and_that_is_remembered(browser: Any, service: tuple[str, list[str]]) -> None:
    url, _ = service
    page = opened(browser, url, NARROW, "light", reduced_motion="no-preference")
    assert page.evaluate("document.body.dataset.refresh") == "on"
    page.get_by_role("button", name="Pause refresh").click()
    page.reload()
    assert page.evaluate("document.body.dataset.refresh") == "paused"
    page.get_by_role("button", name="Resume refresh").click()
    page.goto(f"{url}/?state=open")
    assert page.evaluate("document.body.dataset.refresh") == "on"
    page.context.close()


@pytest.mark.parametrize(("motion", "times"), [("no-preference", 2), ("reduce", 1)])
def test_a_page_is_loaded_anew_unless_less_motion_is_preferred(
    browser: Any, service: tuple[str, list[str]], motion: str, times: int
) -> None:
    context = browser.new_context(reduced_motion=motion)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.clock.install()
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.goto(f"{service[0]}/?token={TOKEN}")
    if times > 1:
        with page.expect_event("load"):
            page.clock.fast_forward(31_000)
    else:
        page.clock.fast_forward(31_000)
        page.wait_for_load_state()
    assert len(loads) == times
    context.close()


def test_a_section_stays_open_over_a_reload(browser: Any, service: tuple[str, list[str]]) -> None:
    url, paths = service
    page = opened(browser, url, WIDE, "light")
    page.goto(url + next(path for path in paths if path.startswith("/incidents/inc_")))
    evidence = page.locator("#evidence")
    assert evidence.get_attribute("open") is None
    evidence.locator("> summary").click()
    page.wait_for_function("localStorage.getItem('precall-open-evidence') === 'yes'")
    page.reload()
    assert page.locator("#evidence").get_attribute("open") is not None
    page.context.close()


def test_the_keyboard_reaches_the_content_and_is_seen(browser: Any, service: tuple[str, list[str]]) -> None:
    """Tab goes to the skip link, which shows itself and leads to the content; what has the focus is outlined."""
    page = opened(browser, service[0], NARROW, "light")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    outline = page.evaluate("(s => [s.outlineStyle, parseFloat(s.outlineWidth)])(getComputedStyle(document.activeElement))")
    assert outline[0] != "none"
    assert outline[1] >= 2
    page.context.close()
