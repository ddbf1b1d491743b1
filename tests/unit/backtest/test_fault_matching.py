"""What belongs to which fault, to the letter of the contract."""

import pytest

from detector.backtest.matching import cells_of, touches
from detector.backtest.truth import Complaint, Fault, Truth
from detector.domain.cell import Topology, TopologyEdge
from detector.domain.window import Window
from tests.unit.backtest.small_truth import MINUTE, NETWORK, complaint, degraded, fault, incident, scored


@pytest.mark.parametrize(
    ("object_id", "fault_object", "same"),
    [
        ("a1", "a1", True),  # is
        ("a1#5qi=1", "a1", True),  # is, in one dimension
        ("A", "a1", True),  # contains
        ("a1", "A", True),  # is contained
        ("a1", "amf1", True),  # is served by
        ("A", "amf1", True),
        ("a1", "a2", False),
        ("a1", "B", False),
        ("A", "b1", False),
        ("amf1", "a1", False),  # a core function does not contain the cells that it serves
        ("amf1", "smf1", False),
        ("z9", "z9", True),  # unknown to the topology, but the same
        ("z9", "A", False),
    ],
)
def test_an_object_is_contains_or_is_served_by_the_faults(object_id, fault_object, same):
    assert touches(NETWORK, object_id, fault_object) is same


def test_what_lies_behind_a_core_function_is_found_through_its_edges():
    edges = (TopologyEdge("nf", "amf1", "host", "h1", "host"), TopologyEdge("host", "h1", "rack", "r1", "power"))
    network = Topology(NETWORK.cells, NETWORK.functions, edges=edges)
    assert touches(network, "amf1", "r1")
    assert cells_of(network, "h1") == set(NETWORK.cells)


@pytest.mark.parametrize(("detected", "matches"), [(99, False), (100, True), (200, True), (260, True), (261, False)])
def test_detected_from_the_start_to_an_hour_after_the_end(detected, matches):
    judged = scored(Truth((fault("f", "a1", 100, 200),)), degraded("d", "a1", detected))
    assert (judged.faults_of["d"] == {"f"}) is matches


def test_each_object_of_a_fault_has_its_own_window():
    two = Fault("f", "outage", (("a1", Window(0, 600)), ("b1", Window(60000, 60600))))
    judged = scored(Truth((two,)), degraded("early", "b1", 5), degraded("right", "b1", 1001))
    assert judged.faults_of == {"early": frozenset(), "right": {"f"}}


def test_verdicts():
    truth = Truth((fault("real", "a1", 100, 200), fault("glitch", "b1", 100, 200, felt=False)))
    rows = {
        "real": degraded("real", "a1", 110),
        "false": degraded("false", "a2", 110),
        "unfelt": degraded("unfelt", "b1", 110),
        "silence": degraded("silence", "b2", 110, "no_data"),
        "silence in a fault": degraded("silence in a fault", "a1", 115, "no_data"),
        "confirmed": degraded("confirmed", "b2", 400, "no_data", confirmed_by=("alarm",)),
    }
    incidents = [incident(f"inc {name}", d) for name, d in rows.items()]
    judged = scored(truth, *rows.values(), incidents=incidents)
    wanted = {"real": True, "false": False, "unfelt": None, "silence": None, "silence in a fault": None, "confirmed": False}
    assert judged.degradation_judgements == wanted
    assert judged.incident_judgements == {f"inc {name}": verdict for name, verdict in wanted.items()}


def test_silence_alone_does_not_find_a_fault():
    judged = scored(Truth((fault("f", "a1", 100, 200),)), degraded("d", "a1", 110, "no_data"))
    assert not judged.found


@pytest.mark.parametrize(
    ("said", "belongs"),
    [
        (complaint("own cell", 150, cell="a1"), True),
        (complaint("same site, other cell", 150, cell="a2"), False),
        (complaint("nowhere", 150), False),
        (complaint("too early", 99, cell="a1"), False),
        (complaint("two hours after", 320, cell="a1"), True),
        (complaint("later", 321, cell="a1"), False),
        (Complaint("was there", 150 * MINUTE, "p", "", (("a1", Window(120 * MINUTE, 180 * MINUTE)),)), True),
        (Complaint("was there before", 150 * MINUTE, "p", "", (("a1", Window(40 * MINUTE, 100 * MINUTE)),)), False),
        (Complaint("called from elsewhere", 150 * MINUTE, "p", "b1", (("a1", Window(120 * MINUTE, 180 * MINUTE)),)), False),
    ],
    ids=lambda value: getattr(value, "contact_id", ""),
)
def test_a_complaint_belongs_by_cell_else_by_attachment_until_two_hours_after(said, belongs):
    judged = scored(Truth((fault("f", "a1", 100, 200),), complaints=(said,)))
    assert (judged.complaints_of == {"f": (said,)}) is belongs


def test_without_contacts_complaints_are_unknown():
    assert scored(Truth((fault("f", "a1", 100, 200),))).complaints_of is None
