"""What is known of network, works, alarms and people at a moment."""

import pytest

from detector.domain.errors import Misconfigured
from detector.domain.finding import Findings
from detector.domain.window import Window, utc
from tests.unit.sources.operator_directory import DAY, HOUR, NAMES, NEVER, T0, dataset, write


def at(hours):
    return T0 + hours * HOUR


def test_an_empty_directory_gives_nothing_and_reports_nothing(tmp_path):
    findings = Findings()
    reference = dataset(tmp_path, {}).reference(T0, findings)
    assert (reference.topology.cells, reference.operations.alarms, reference.customers.subscribers) == ({}, (), {})
    assert len(findings) == 0


def test_dated_cells_follow_the_clock_and_a_new_site_begins_a_new_epoch(tmp_path):
    cells = """cell_id,technology,site_id,band,tac,ldn,valid_from,valid_to
        c1,LTE,s1,B3,7,,,2026-03-24T10:00:00Z
        c1,LTE,s1,B3,8,NRCellDU=1;Cell=1,2026-03-24T10:00:00Z,2026-03-24T12:00:00Z
        c1,LTE,s2,B3,8,,2026-03-24T12:00:00Z,2026-03-24T14:00:00Z
        c1,LTE,s2,B3,9,,2026-03-24T14:00:00Z,2026-03-24T20:00:00Z"""
    source = dataset(tmp_path, {"cells.csv": cells})

    def cell(hours):
        return source.reference(at(hours), Findings()).topology.cells.get("c1")

    assert [(cell(h).site_id, cell(h).tac, cell(h).valid_from) for h in (0, 2, 4, 6)] == [
        ("s1", "7", None),
        ("s1", "8", None),
        ("s2", "8", at(4)),
        ("s2", "9", at(4)),
    ]
    assert cell(2).ldn == ("NRCellDU=1", "Cell=1")
    assert cell(12) is None


def network(tmp_path, rows):
    """Asks for a cell, hours after T0, of a table `rows` of c1: state, site, software, from and to (hours, or empty)."""

    def line(row):
        state, site, software, *span = row.split(",")
        begin, end = (f"2026-03-24T{8 + int(h):02d}:00:00Z" if h else "" for h in span)
        return f"c1,LTE,{site},{state},V,{software},{begin},{end}"

    cells = "\n".join(["cell_id,technology,site_id,state,vendor,software,valid_from,valid_to", *map(line, rows)])
    source = dataset(tmp_path, {"cells.csv": cells})
    return lambda hours: source.reference(at(hours), Findings()).topology.cells.get("c1")


@pytest.mark.parametrize(
    ("rows", "begun"),
    [
        (["in_service,s1,7,,"], None),
        (["in_service,s1,7,1,"], None),  # when the list was made: the cell may be far older
        (["in_service,s1,7,,4", "in_service,s2,7,4,"], 4),
        (["in_service,s1,7,,2", "retired,s1,7,2,4", "in_service,s1,7,4,"], 4),
        (["in_service,s1,7,,2", "in_service,s1,7,4,"], 4),  # for two hours nobody had the id
        (["planned,s1,7,,4", "in_service,s1,7,4,"], None),
        (["in_service,s1,7,,", "energy_saving,s1,7,1,2", "energy_saving,s1,7,3,4"], None),
        (["in_service,s1,7,,2", "in_service,s2,7,2,4", "in_service,s1,7,4,"], 4),  # back again: it was away
    ],
)
def test_an_id_of_another_place_or_a_retired_one_begins_anew(tmp_path, rows, begun):
    assert network(tmp_path, rows)(6).valid_from == (None if begun is None else at(begun))


def test_nights_of_saving_energy_are_known_afterwards_and_not_before(tmp_path):
    cell = network(tmp_path, ["in_service,s1,7,,", "energy_saving,s1,7,1,2", "energy_saving,s1,7,3,4"])
    assert [cell(h).state for h in (0, 1, 2, 3, 4)] == ["in_service", "energy_saving"] * 2 + ["in_service"]
    assert [len(cell(h).idle) for h in (0, 1, 2, 3, 4)] == [0, 1, 1, 2, 2]
    assert cell(4).idle[1] == Window(at(3), at(4))
    for_ever = network(tmp_path, ["energy_saving,s1,7,,"])(5)
    assert (for_ever.state, for_ever.idle) == ("energy_saving", ())  # what it is, not when it sleeps
    planned = network(tmp_path, ["planned,s1,7,,3", "in_service,s1,7,3,"])
    assert planned(5).idle == (Window(0, at(3)),)


def test_a_release_is_dated_by_the_row_that_brought_it(tmp_path):
    cell = network(tmp_path, ["in_service,s1,7,,2", "in_service,s1,8,2,4", "energy_saving,s1,8,4,5", "in_service,s1,8,5,"])
    assert [cell(h).software_since for h in (1, 3, 6)] == [None, at(2), at(2)]


def test_alarms_tickets_and_works_are_given_as_they_become_known(tmp_path):
    source = dataset(
        tmp_path,
        {
            "alarms.csv": """alarm_id,object_kind,object_id,raised_at,cleared_at
            a1,cell,c1,2026-03-24T09:00:00Z,2026-03-24T11:00:00Z""",
            "tickets.csv": """ticket_id,opened_at,closed_at,status,eta
            t1,2026-03-24T09:00:00Z,2026-03-24T11:00:00Z,closed,2026-03-24T10:30:00Z""",
            "maintenance.csv": """scope_kind,scope_id,start,end,status,actual_end
            site,s1,2026-03-24T09:00:00Z,2026-03-24T12:00:00Z,finished,2026-03-24T11:00:00Z""",
        },
    )

    def known(hours):
        o = source.reference(at(hours), Findings()).operations
        return (
            [a.cleared_at for a in o.alarms],
            [(t.status, t.closed_at) for t in o.tickets],
            (o.maintenance[0].status, o.maintenance[0].actual_end),
        )

    assert known(0) == ([], [], ("planned", None))
    assert known(2) == ([None], [("open", None)], ("active", None))
    assert known(3) == ([at(3)], [("closed", at(3))], ("finished", at(3)))


HOLIDAYS = """start,end,scope_kind,scope_id,name,kind
    2026-04-03T00:00:00+02:00,2026-04-07T00:00:00+02:00,network,*,Ostern,holiday
    2026-05-01T10:00:00+02:00,2026-05-01T22:00:00+02:00,site,s1,Lauf,event"""


@pytest.mark.parametrize(
    ("country", "count", "found"),
    [
        ("DE", 0, {"2026-03-31T22:00": None, "2026-04-30T22:00": "Labor Day", "2026-06-03T22:00": None}),
        ("de-by", 0, {"2026-06-03T22:00": "Corpus Christi"}),
        ("Germany", 0, {"2026-12-24T23:00": "Christmas Day"}),
        ("", 0, {"2026-04-30T22:00": None}),
        ("Atlantis", 1, {"2026-04-30T22:00": None}),
    ],
)
def test_a_countrys_holidays_fill_up_the_calendar(tmp_path, country, count, found):
    operator = f'timezone = "Europe/Berlin"\ncountry = "{country}"'
    source = dataset(tmp_path, {"operator.toml": operator, "calendar.csv": HOLIDAYS})
    findings = Findings()
    calendar = source.reference(T0, findings).operations.calendar
    network = {f"{utc(e.window.start):%Y-%m-%dT%H:%M}": e for e in calendar if e.scope_kind == "network"}
    assert {at: network[at].name if at in network else None for at in found} == found
    assert findings.count("unknown_country") == count
    assert [e.name for e in calendar if e.window.overlaps(Window(T0 + 10 * DAY, T0 + 14 * DAY))] == ["Ostern"]
    assert all(e.window.seconds in (82_800, 86_400, 90_000) for e in network.values() if e.name != "Ostern")


def test_consents_count_from_their_own_time_and_everyone_is_a_pseudonym(tmp_path):
    source = dataset(
        tmp_path,
        {
            "subscribers.csv": "subscriber_id,account_id,vip,minor,guardian_id,nps\n001,A,1,,,9\n002,A,0,true,001,",
            "accounts.csv": "account_id,kind,tier,parent_id\nA,family,gold,",
            "account_members.csv": "account_id,subscriber_id,role\nA,001,holder\nA,002,dependant",
            "consents.csv": """holder_kind,holder_id,purpose,state,since
            subscriber,001,proactive_contact,granted,2026-03-24T09:00:00Z
            account,A,profiling,withdrawn,2026-03-24T07:00:00Z""",
        },
    )
    first, later = (source.reference(at(h), Findings()) for h in (0, 1))
    one, two, account = NAMES.subscriber("001"), NAMES.subscriber("002"), NAMES.account("A")
    people = later.customers.subscribers
    assert (people[one].vip, people[one].nps, people[two].minor, people[two].guardian) == (True, 9.0, True, one)
    assert [c.holder for c in first.customers.consents] == [account]
    assert {(c.holder, c.channel) for c in later.customers.consents} == {(account, "any"), (one, "any")}
    assert later.raw_ids == {one: "001", two: "002", account: "A"}
    assert "001" not in repr(later)


def test_a_second_request_gives_the_same_object_and_findings_once(tmp_path):
    source = dataset(
        tmp_path,
        {
            "cells.csv": "cell_id,technology,valid_from\nc1,LTE,2026-03-24T10:00:00\nc2,6G,\n,LTE,\nc3,NR",
            "consents.csv": "holder_kind,holder_id,purpose,state,since\nsubscriber,1,survey,granted,2026-03-24T09:00:00Z",
        },
    )
    findings = Findings()
    first = source.reference(T0, findings)
    assert {(f.code, f.count) for f in findings} == {("time_without_offset", 1), ("row_rejected", 3)}
    assert source.reference(T0 + 60, findings) is first
    assert findings.count("row_rejected") == 3
    later = source.reference(at(1), findings)
    assert later is not first
    assert later.topology is first.topology


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (
            {"cells.csv": "cell_id,site_id\nc1,s1"},
            "cells.csv: column 'technology' is missing; its header reads cell_id,site_id",
        ),
        ({"operator.toml": "tik = 5"}, "operator.toml: tik: unknown key; known are timezone"),
        ({"operator.toml": 'timezone = "Mars/Base"'}, "operator.toml: timezone: 'Mars/Base' is no IANA time zone"),
        ({"operator.toml": 'arrival_delay = "soon"'}, "operator.toml: arrival_delay: 'soon' is no duration"),
        ({"operator.toml": "tick = 5\ntick = 6"}, "operator.toml: "),
        ({"alarms.csv": "alarm_id;object_kind;object_id\na"}, "alarms.csv: column 'raised_at' is missing; its header"),
    ],
)
def test_what_the_operator_has_to_mend_is_reported_in_one_line(tmp_path, tables, said):
    with pytest.raises(Misconfigured) as wrong:
        dataset(tmp_path, tables).reference(T0, Findings())
    assert str(wrong.value).startswith(said)
    assert "\n" not in str(wrong.value)


GIVEN = "holder_kind,holder_id,purpose,channel,state,since"


@pytest.mark.parametrize(
    ("twice", "row", "withdrawn"),
    [
        ("state", "1,survey,any,granted,{at},withdrawn", [("1", "any")]),
        ("State", "1,survey,any,withdrawn,{at},granted", [("1", "any")]),
        ("state", "1.0,survey,any,granted,{at},withdrawn", [("1", "any")]),
        ("state", "1,survey,any,granted,{at},", [("1", "any")]),
        ("state", "1,survey,any,granted,{at},granted", []),
        ("holder_id", "1,survey,any,granted,{at},2", [("1", "any"), ("2", "any")]),
        ("channel", "1,survey,sms,granted,{at},call", [("1", "sms"), ("1", "call")]),
    ],
)
def test_a_consent_with_two_values_is_withdrawn_and_the_others_stay(tmp_path, twice, row, withdrawn):
    at = "2026-01-01T00:00:00Z"
    same = {"state": "granted", "holder_id": "9", "channel": "any"}[twice.lower()]
    rows = [f"{GIVEN},{twice}", "subscriber," + row.format(at=at), f"subscriber,9,survey,any,granted,{at},{same}"]
    findings = Findings()
    given = dataset(tmp_path, {"consents.csv": "\n".join(rows)}).reference(T0, findings).customers.consents
    said = sorted((c.holder, c.channel) for c in given if c.state == "withdrawn")
    assert said == sorted((NAMES.subscriber(who), channel) for who, channel in withdrawn)
    assert (NAMES.subscriber("9"), "granted") in {(c.holder, c.state) for c in given}
    assert "duplicate_column" in {f.code for f in findings}


def test_a_minor_in_one_of_two_columns_is_a_minor(tmp_path):
    tables = {"subscribers.csv": "subscriber_id,minor,vulnerable,minor\n1,0,1,1\n2,1,0,0\n3,0,0,0"}
    people = dataset(tmp_path, tables).reference(T0, Findings()).customers.subscribers
    assert [(p.minor, p.vulnerable) for p in people.values()] == [(True, True), (True, False), (False, False)]


@pytest.mark.parametrize(
    ("table", "broken"),
    [
        ("cells.csv", "cell,technology\nc1,LTE\n"),
        ("cells.csv", ""),
        ("consents.csv", "holder_kind,holder\n"),
        ("operator.toml", "timezone = "),
    ],
)
def test_a_table_that_becomes_unusable_leaves_what_was_read_before(tmp_path, table, broken):
    good = {
        "cells.csv": "cell_id,technology\nc1,LTE\n",
        "operator.toml": 'timezone = "Europe/Paris"',
        "consents.csv": f"{GIVEN}\nsubscriber,1,survey,any,granted,2026-01-01T00:00:00Z\n",
    }
    source = dataset(tmp_path, good)
    before = source.reference(T0, Findings())
    (tmp_path / table).write_text(broken)
    for count in (1, 0):  # it is said once for each version of the file
        findings = Findings()
        after = source.reference(T0, findings)
        assert (after.topology.cells, after.customers.consents, after.operator) == (
            before.topology.cells,
            before.customers.consents,
            before.operator,
        )
        assert findings.count("table_refused") == count
    (tmp_path / table).write_text(good[table] + "\n")
    assert source.reference(T0, Findings()).topology.cells == before.topology.cells


def test_times_without_offset_take_the_operators_zone(tmp_path):
    source = dataset(
        tmp_path,
        {
            "operator.toml": 'timezone = "Asia/Bangkok"',
            "contacts.csv": "contact_id,at,channel\nk1,2026-03-24T15:00:00,call\nk2,2026-03-24T08:00:00Z,chat",
        },
    )
    assert [c.at for c in source.contacts(0, NEVER, Findings())] == [T0, T0]
    assert source.contacts(T0, T0 + DAY, Findings()) == []


def test_a_changed_file_is_read_again(tmp_path):
    source = dataset(tmp_path, {"cells.csv": "cell_id,technology\nc1,LTE"})
    assert set(source.reference(T0, Findings()).topology.cells) == {"c1"}
    write(tmp_path, {"cells.csv": "cell_id,technology\nc1,LTE\nc22,NR"})
    assert set(source.reference(T0, Findings()).topology.cells) == {"c1", "c22"}


@pytest.mark.parametrize(
    ("rows", "states"),
    [
        (
            [
                "subscriber,1,survey,any,granted,2026-01-01T00:00:00Z",
                "Subscriber,1,Survey,any,WITHDRAWN,2026-02-01T00:00:00Z",
            ],
            ["granted", "withdrawn"],
        ),
        (
            ["subscriber,1,survey,any,granted,2026-01-01", "subscriber,1,survey,any,withdrawn,24.02.2026"],
            ["granted", "withdrawn"],
        ),
        (
            ["subscriber,1,survey,any,granted,13/01/2026", "subscriber,1,survey,any,withdrawn,01/02/2026"],
            ["granted", "withdrawn"],
        ),
    ],
)
def test_a_withdrawal_counts_whatever_its_capitals_and_whether_its_date_has_a_time(tmp_path, rows, states):
    findings = Findings()
    tables = {"consents.csv": "\n".join([GIVEN, *rows]), "operator.toml": 'timezone = "Europe/Paris"'}
    given = dataset(tmp_path, tables).reference(T0, findings).customers.consents
    assert [c.state for c in given] == states
    assert all(utc(c.since).hour in (0, 23) for c in given)
    assert findings.count("row_rejected") == 0


@pytest.mark.parametrize(
    ("word", "minor", "vip", "flagged"),
    [
        ("1", True, True, 0),
        ("TRUE", True, True, 0),
        ("1.0", True, True, 0),
        ("0", False, False, 0),
        ("No", False, False, 0),
        ("", False, False, 0),
        ("ja", True, False, 2),
        ("X", True, False, 2),
        ("2", True, False, 2),
    ],
)
def test_a_flag_that_is_neither_yes_nor_no_is_reported_and_protects(tmp_path, word, minor, vip, flagged):
    findings = Findings()
    tables = {"subscribers.csv": f"subscriber_id,minor,vip\n1,{word},{word}\n2,0,0"}
    people = list(dataset(tmp_path, tables).reference(T0, findings).customers.subscribers.values())
    assert [(p.minor, p.vip) for p in people] == [(minor, vip), (False, False)]
    assert findings.count("not_a_flag") == flagged
