"""Reports and tables read from the store itself."""

from dataclasses import replace
from shutil import copyfile

import numpy as np
import pytest

from detector.domain.communication import Communication
from detector.domain.errors import Misconfigured
from detector.domain.exposure import Presence
from detector.domain.frame import KpiFrame
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.notification import WaitingIncident
from detector.domain.window import DAY_S, Tick, Window
from detector.impact import learn_mobility_profile
from detector.settings import DEFAULT
from jobs import models
from jobs.cell_history import cell_days, homes
from jobs.commands.tables import show_deliveries, show_report, write_report
from jobs.experience import keep_experience
from jobs.reporting import WEEKS_S, report, window_of
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import LIVE, PEOPLE, write_reference
from tests.listings import listing_of

HOUR = 3600
OUTAGE = Incident(
    incident_id="inc_1",
    root_kind="site",
    root_id="s1",
    kind="outage",
    started_at=LIVE,
    opened_at=LIVE + 900,
    severity="major",
    degradation_ids=(),
    cells=("c11", "c12"),
    reason="",
    state="resolved",
    resolved_at=LIVE + HOUR,
    updated_at=LIVE + HOUR,
)


@pytest.fixture
def app(tmp_path):
    """The operator in miniature: the first site was dead for an hour, ten people suffered, care made five offers."""
    write_reference(tmp_path / "operator")
    app = SmallApp(root=tmp_path)
    keys = [app.names.subscriber(person.msisdn) for person in PEOPLE]
    suffered = [
        listing_of(
            incident_id="inc_1",
            subscriber=key,
            account="",
            basis="present",
            probability=0.9,
            exposure_s=HOUR,
            listed_at=LIVE,
            decided_at=LIVE,
            degraded_s=HOUR,
        )
        for key in keys[:10]
    ]
    with app.store.begin() as connection:
        app.store.incidents.save(connection, [OUTAGE])
        app.store.listings.relist(connection, [], suffered, LIVE)
        app.store.interactions.add(
            connection,
            [
                Interaction(
                    interaction_id=f"k{n}",
                    at=LIVE + HOUR,
                    kind="contact",
                    channel="call",
                    subscriber=keys[n],
                    category="network",
                )
                for n in range(6)
            ],
        )
        app.store.communications.add(
            connection,
            [
                Communication(
                    incident_id="inc_1", subscriber=key, recipient=key, at=LIVE + HOUR, action="data_boost", offer="boost"
                )
                for key in keys[:5]
            ],
        )
    app.clock.at = LIVE + 2 * HOUR
    yield app
    app.close()


def made(app, name, **more):
    return report(name, app.feeds, app.store, app.settings, now=LIVE + 2 * HOUR, **more)


def test_what_an_outage_cost(app):
    rows = {(row["by"], row["what"]): row for row in made(app, "planning").records()}
    site = rows["site", "s1"]
    assert (site["incidents"], site["people"], site["affected_hours"], site["complaints"]) == (1, 10, 10, 5)
    assert (
        rows["cause", "site / outage"]["people"] == rows["segment", "consumer"]["people"] == rows["all", ""]["people"] == 10
    )
    assert ("site", "s2") not in rows


def test_offers_cost_what_the_configuration_states(app):
    from detector.domain.rule import Offer

    care = replace(app.settings.care, offers=(Offer("boost", "data_boost", 1.0, 2.5, "GB"),))
    settings = app.settings.model_copy(update={"care": care})
    planning = report("planning", app.feeds, app.store, settings, now=LIVE + 2 * HOUR)
    assert planning.only("by", "site").records()[0]["goodwill"] == 12.5


def test_who_has_been_through_the_most(app):
    keep_experience(app.feeds, app.store, now=LIVE + 2 * HOUR)
    rows = {(row["by"], row["what"]): row for row in made(app, "experience").records()}
    assert rows["all", ""] | {"by": "site", "what": "s1"} == rows["site", "s1"]
    assert (rows["site", "s1"]["people"], rows["site", "s1"]["degraded_hours"], rows["site", "s1"]["mostly"]) == (
        10,
        1.0,
        "coverage",
    )


def test_a_day_of_experience_belongs_to_every_window_that_touches_it(app):
    keep_experience(app.feeds, app.store, now=LIVE + 2 * HOUR)
    assert made(app, "experience", window=window_of(LIVE, None, now=LIVE + 2 * HOUR)).rows
    assert made(app, "experience", window=window_of(LIVE + 24 * HOUR, None, now=LIVE + 25 * HOUR)).rows == ()


def test_an_earlier_day_is_remembered_by_the_index_and_counted_by_no_other_column(app):
    again = replace(
        OUTAGE, incident_id="inc_2", started_at=LIVE + 48 * HOUR, resolved_at=LIVE + 49 * HOUR, updated_at=LIVE + 49 * HOUR
    )
    with app.store.begin() as connection:
        app.store.incidents.save(connection, [again])
        rows = [
            replace(one, affected=replace(one.affected, incident_id="inc_2"), row=None)
            for one in app.store.listings.all(incident_id="inc_1")
        ]
        app.store.listings.relist(connection, [], rows, LIVE)
    keep_experience(app.feeds, app.store, now=LIVE + 50 * HOUR)
    alone, both = (
        report(
            "experience",
            app.feeds,
            app.store,
            app.settings,
            now=LIVE + 50 * HOUR,
            window=window_of(since, None, now=LIVE + 50 * HOUR),
        ).records()[0]
        for since in (LIVE + 47 * HOUR, LIVE)
    )
    assert (alone["index"], alone["degraded_hours"], both["degraded_hours"]) == (both["index"], 1.0, 2.0)


def test_a_window_is_the_last_four_weeks_by_default(app):
    assert window_of(None, None, now=LIVE).seconds == WEEKS_S
    assert made(app, "planning", window=window_of(LIVE - 9 * HOUR, LIVE - HOUR, now=LIVE)).rows == ()
    with pytest.raises(Misconfigured, match="before it begins"):
        window_of(LIVE, LIVE, now=LIVE)


def test_the_command_line_lists_reports_and_refuses_what_there_is_not(app):
    assert "planning" in show_report(app.wired, None, (None, None), "week", None, False)
    assert "affected_hours" in show_report(app.wired, "planning", (None, None), "week", "site", True)
    for name, step, says in (("weather", "week", "no report"), ("planning", "year", "--per")):
        with pytest.raises(Misconfigured, match=says):
            show_report(app.wired, name, (None, None), step, None, False)


def test_what_care_waits_for_stands_among_the_deliveries(app):
    waiting = replace(OUTAGE, incident_id="inc_2", state="open", resolved_at=None)
    one = WaitingIncident("inc_2", "unsure", LIVE, "major", "consumer-care")
    with app.store.begin() as connection:
        app.store.incidents.save(connection, [waiting])
        app.store.waiting.save(connection, one)
    output = show_deliveries(app.wired, None, 50, False)
    assert "inc_2" in output
    assert "not sure enough yet" in output
    assert "inc_2" in show_deliveries(app.wired, "held", 50, True)
    assert show_deliveries(app.wired, "dead", 50, False) == "no deliveries"


def test_the_cells_of_five_days_are_read_day_by_day_and_each_person_lives_where_it_is_longest(app):
    days = cell_days(app.store, app.feeds.reference(LIVE).topology, Window(0, LIVE), "UTC")
    assert days == ()
    profile = learn_mobility_profile([attached()], timezone="UTC", before=LIVE)
    models.save_mobility_profile(app.store, profile)
    assert homes(app.store, frozenset()) == {"anna": "c11", "ben": "c21"}
    assert homes(app.store, frozenset({"ben"})) == {"anna": "c11"}


def test_a_trend_is_fitted_to_weeks_before_the_requested_time_and_to_whole_local_days(tmp_path):
    write_reference(tmp_path / "operator")
    copyfile(DEFAULT.parent / "kpis.toml", tmp_path / "operator" / "kpis.toml")
    app = SmallApp(root=tmp_path)
    (prb,) = (kpi for kpi in app.catalogue.computed if kpi.id == "lte_prb_dl")
    midnight = LIVE - LIVE % DAY_S
    for day in range(40, 0, -1):
        use = np.full((24, 1, 1), 20.0)
        use[19] = 88 - day / 4
        frame = KpiFrame(
            starts=midnight - day * DAY_S + HOUR * np.arange(24),
            duration_s=HOUR,
            objects=("c11",),
            kpis=(prb,),
            numerator=use,
            denominator=np.ones_like(use),
            suspect=np.zeros((24, 1), bool),
        )
        ticks = {Tick(start, HOUR): 1 for start in frame.starts.tolist()}
        paths = app.store.history.write(frame, ticks)
        with app.store.begin() as connection:
            for tick, path in paths.items():
                app.store.history.record(connection, tick, 1, path, 1)
    capacity = made(app, "capacity")
    (row,) = capacity.records()
    assert (row["cell"], row["state"], row["busy_hour"], row["use"]) == ("c11", "congested", "19:00", 0.87)
    assert any(note.startswith("From 40 days") for note in capacity.notes)
    app.close()


def attached():
    """Anna is behind c11 for two thirds of three nights, Ben behind c21 alone."""
    hours = LIVE - 72 * HOUR + HOUR * np.arange(60)
    rows = [("anna", "c11", 2400), ("anna", "c21", 1200), ("ben", "c21", 3600)]
    people, cells = ("anna", "ben"), ("c11", "c21")
    repeated = [(who, cell, seconds, start) for start in hours.tolist() for who, cell, seconds in rows]
    return Presence(
        subscribers=people,
        cells=cells,
        subscriber=np.array([people.index(who) for who, *_ in repeated], np.int32),
        cell=np.array([cells.index(cell) for _, cell, *_ in repeated], np.int32),
        start=np.array([start for *_, start in repeated], np.int64),
        duration_s=np.full(len(repeated), HOUR, np.int32),
        seconds=np.array([seconds for _, _, seconds, _ in repeated], float),
        attempts=np.full(len(repeated), np.nan),
        failures=np.full(len(repeated), np.nan),
    )


@pytest.mark.parametrize(("name", "begins"), [("rows.json", "["), ("rows.csv", "period,by,what,incidents,people")])
def test_a_report_is_written_to_a_file(app, tmp_path, name, begins):
    said = write_report(app, "planning", (None, None), "week", "site", tmp_path / name)
    assert said.startswith(f"{tmp_path / name}: 1 rows\n")
    assert (tmp_path / name).read_text().startswith(begins)


def test_a_file_that_cannot_be_written_and_no_report_are_refused(app, tmp_path):
    with pytest.raises(Misconfigured, match="cannot be written"):
        write_report(app, "planning", (None, None), "week", None, tmp_path / "nowhere" / "rows.csv")
    with pytest.raises(Misconfigured, match="which report"):
        write_report(app, None, (None, None), "week", None, tmp_path / "rows.csv")
