"""Whatever sequence of phases is asked for, an incident goes only where the table of transitions lets it, and the store
refuses the rest whole."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.domain.incident import TRANSITIONS, IllegalTransition, Incident, check_transition
from detector.store import Store
from detector.store.database import Database

OPEN = Incident(
    incident_id="inc_1",
    root_kind="cell",
    root_id="c1",
    kind="outage",
    started_at=0,
    opened_at=900,
    severity="major",
    degradation_ids=("deg_1",),
    cells=("c1",),
    reason="",
)
IN_PHASE = {
    "open": OPEN,
    "suppressed": replace(OPEN, suppression="maintenance"),
    "resolved": replace(OPEN, state="resolved", resolved_at=1800),
    "merged": replace(OPEN, state="merged", merged_into="inc_0"),
    "withdrawn": replace(OPEN, state="resolved", resolved_at=1800, withdrawn_at=1800),
}
ROOT = Path(__file__).parents[2]
MAY_SET_A_STATE = {
    "detector/incidents/lifecycle.py": "what it returns is checked by `correlate`, or saved as corrected",
    "jobs/commands/rules_dry_run.py": "supposes that an incident is open, and that it is over; saves nothing",
}
PHASES = st.lists(st.sampled_from(sorted(IN_PHASE)), min_size=1, max_size=6)


def test_every_phase_has_a_row_and_is_reached_by_an_incident() -> None:
    assert {one.phase for one in IN_PHASE.values()} == IN_PHASE.keys() == TRANSITIONS.keys() - {""}
    assert {name for following in TRANSITIONS.values() for name in following} <= IN_PHASE.keys()


def test_a_state_is_set_only_where_the_table_is_asked_whether_it_may_follow() -> None:
    states = {one.state for one in IN_PHASE.values()}
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("detector", "jobs")
        for path in (ROOT / package).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("replace", "Incident", "evolve")
        for keyword in call.keywords
        if keyword.arg == "state" and isinstance(keyword.value, ast.Constant) and keyword.value.value in states
    }
    assert found == set(MAY_SET_A_STATE)


@given(PHASES)
def test_a_sequence_is_legal_if_each_step_stands_in_the_table(phases: list[str]) -> None:
    before = ""
    for phase in phases:
        if phase in TRANSITIONS[before]:
            check_transition(before, IN_PHASE[phase])
        else:
            with pytest.raises(IllegalTransition):
                check_transition(before, IN_PHASE[phase])
        check_transition(before, IN_PHASE[phase], corrected=True)
        before = phase


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PHASES)
def test_the_store_keeps_what_was_over_unless_corrected_data_open_it(
    tmp_path_factory: pytest.TempPathFactory, phases: list[str]
) -> None:
    root = tmp_path_factory.mktemp("store")
    database = Database(f"sqlite:///{root}/precall.db", durable=False)
    database.create()
    store = Store(root, database, [], Fernet.generate_key())
    kept = ""
    for phase in phases:
        try:
            with store.begin() as connection:
                store.incidents.save(connection, [IN_PHASE[phase]])
        except IllegalTransition:
            assert phase not in TRANSITIONS[kept]
        else:
            assert kept in ("", phase) or phase in TRANSITIONS[kept]
            kept = phase
        known = store.incidents.get("inc_1")
        assert known is not None
        assert known.phase == kept
    with store.begin() as connection:
        store.incidents.save(connection, [OPEN], corrected=True)
    assert store.incidents.get("inc_1") == OPEN
    database.close()
