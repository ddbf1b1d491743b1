"""Whatever sequence of phases is asked for, an incident goes only where the table of transitions lets it, and the store
refuses the rest whole."""

from dataclasses import replace

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
    "suppressed": replace(OPEN, suppressed_reason="maintenance"),
    "resolved": replace(OPEN, state="resolved", resolved_at=1800),
    "merged": replace(OPEN, state="merged", suppressed_reason="merged:inc_0"),
    "withdrawn": replace(OPEN, state="resolved", resolved_at=1800, withdrawn_at=1800),
}
PHASES = st.lists(st.sampled_from(sorted(IN_PHASE)), min_size=1, max_size=6)


def test_every_phase_has_a_row_and_is_reached_by_an_incident() -> None:
    assert {one.phase for one in IN_PHASE.values()} == IN_PHASE.keys() == TRANSITIONS.keys() - {""}
    assert {name for following in TRANSITIONS.values() for name in following} <= IN_PHASE.keys()


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
