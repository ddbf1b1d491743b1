"""From counters as they stand in files to numerators and denominators."""

from pathlib import Path

import numpy as np
import pytest

from detector.domain.cell import Cell, NetworkFunction, Topology
from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.ports import Reference
from detector.domain.window import Grid, Window, utc
from detector.kpis import Catalogue, compute, display_products, load_catalogue
from tests.tables import at, table_from_frame

SHIPPED = load_catalogue((Path(__file__).parents[3] / "config" / "kpis.toml").read_text())
TOPOLOGY = Topology(
    cells={
        "c1": Cell(cell_id="c1", technology="LTE"),
        "c2": Cell(cell_id="c2", technology="LTE"),
        "n1": Cell(cell_id="n1", technology="NR", ldn=("NRCellCU=1", "NRCellDU=1")),
        "e1": Cell(cell_id="e1", technology="LTE", vendor="Ericsson"),
        "h1": Cell(cell_id="h1", technology="LTE", vendor="HUAWEI"),
        "a1": Cell(cell_id="a1", technology="NSA"),
    },
    functions={"amf1": NetworkFunction("amf1", "AMF"), "smf1": NetworkFunction("smf1", "SMF")},
)
REFERENCE = Reference(topology=TOPOLOGY)


def batch(text: str, *, duration_s: int = 900, file: str = "f.xml") -> CounterBatch:
    """`time | object | counter ...`, one period; `-` = NULL, `!` after the object = suspect."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    rows = lines[1:]
    values = np.array([[np.nan if c == "-" else float(c) for c in row[2:]] for row in rows], float)
    objects = tuple(row[1].rstrip(" !") for row in rows)
    suspect = np.array([row[1].endswith("!") for row in rows])
    return CounterBatch(
        file=file,
        start=at(rows[0][0]),
        duration_s=duration_s,
        objects=objects,
        counters=tuple(lines[0][2:]),
        values=values,
        suspect=suspect,
    )


def computed(
    *batches: CounterBatch, catalogue: Catalogue = SHIPPED, duration_s: int = 900, **wanted: Window
) -> tuple[KpiFrame, Findings]:
    findings = Findings()
    return compute(batches, catalogue, REFERENCE, findings, **wanted)[duration_s], findings


def shown(frame: KpiFrame, *kpis: str) -> list[str]:
    """The table's lines without padding, of these KPIs only."""
    table = table_from_frame(frame.aligned(frame.objects, [k for k in SHIPPED.kpis if k.id in kpis]))
    return [" | ".join(c.strip() for c in line.split("|")) for line in table.splitlines()]


COUNTER_NAMES = [
    # names and values in the file                                    | the stem's value
    ("S1SIG.ConnEstabAtt.sum | S1SIG.ConnEstabAtt.a", "100 | 7", 100),
    ("S1SIG.ConnEstabAtt | S1SIG.ConnEstabAtt.a", "90 | 7", 90),
    ("S1SIG.ConnEstabAtt.sum | S1SIG.ConnEstabAtt", "100 | 90", 100),
    ("S1SIG.ConnEstabAtt.a | S1SIG.ConnEstabAtt.b", "3 | 4", 7),
    ("S1SIG.ConnEstabAtt.0 | S1SIG.ConnEstabAtt.1", "3 | 4", 7),
    ("S1SIG.ConnEstabAtt.5QI1 | S1SIG.ConnEstabAtt.5QI9 | S1SIG.ConnEstabAtt.SNSSAI1", "3 | 4 | 7", 7),
    ("S1SIG.ConnEstabAtt.sum | S1SIG.ConnEstabAtt.a | S1SIG.ConnEstabAtt.b", "- | 3 | 4", 7),
    ("S1SIG.ConnEstabAtt.a | S1SIG.ConnEstabAtt.b", "3 | -", np.nan),
    ("S1SIG.ConnEstabAttempts", "3", np.nan),
]


@pytest.mark.parametrize(("names", "values", "attempts"), COUNTER_NAMES)
def test_one_form_of_a_counter_and_never_two(names: str, values: str, attempts: float) -> None:
    frame, _ = computed(batch(f"t | o | S1SIG.ConnEstabSucc | RRC.ConnMean | {names}\n08:00 | c1 | 2 | 1 | {values}"))
    seen = frame.aligned(frame.objects, [k for k in SHIPPED.kpis if k.id == "lte_s1_sr"]).denominator[0, 0, 0]
    assert seen == pytest.approx(attempts, nan_ok=True)


def test_groups_split_over_blocks_merge_and_the_later_value_wins_but_no_null() -> None:
    frame, _ = computed(
        batch("t | o | RRC.ConnEstabAtt.sum\n08:00 | c1 | 100\n08:00 | c2 | 50"),
        batch("t | o | RRC.ConnEstabSucc.sum\n08:00 | c1 | 90\n08:00 | c2 ! | 45"),
        batch("t | o | RRC.ConnEstabSucc.sum | RRC.ConnEstabAtt.sum\n08:00 | c1 | 95 | -\n08:00 | c9 | 1 | 1"),
    )
    assert shown(frame, "lte_rrc_sr") == ["time | object | lte_rrc_sr", "08:00 | c1 | 95/100", "08:00 | c2 ! | 45/50"]


def test_the_order_of_arrival_holds_between_blocks_of_different_counters() -> None:
    frame, _ = computed(
        batch("t | o | RRC.ConnEstabSucc | RRC.ConnEstabAtt\n08:00 | c1 | 10 | 20"),
        batch("t | o | RRC.ConnEstabAtt\n08:00 | c1 | 15"),
        batch("t | o | RRC.ConnEstabSucc | RRC.ConnEstabAtt\n08:00 | c1 | 11 | 21"),
    )
    assert shown(frame, "lte_rrc_sr")[1:] == ["08:00 | c1 | 11/21"]


def test_a_corrected_row_is_no_longer_suspect() -> None:
    bad, good = "t | o | RRC.ConnEstabAtt.sum\n08:00 | c1 ! | 10", "t | o | RRC.ConnEstabAtt.sum\n08:00 | c1 | 100"
    assert shown(computed(batch(bad))[0], "lte_attempts")[1:] == ["08:00 | c1 ! | 10"]
    assert shown(computed(batch(bad), batch(good))[0], "lte_attempts")[1:] == ["08:00 | c1 | 100"]


def test_both_halves_of_an_nr_cell_are_one_object_even_in_one_block() -> None:
    frame, _ = computed(
        batch(
            "t | o | RRC.ConnEstabAtt | DRB.PdcpSduVolumeDL\n08:00 | G=1,NRCellCU=1 | 9 | -\n08:00 | G=2,NRCellDU=1 | - | 77"
        )
    )
    assert shown(frame, "nr_attempts", "nr_traffic")[1:] == ["08:00 | n1 | 77 | 9"]


def test_unknown_objects_are_counted_and_the_rest_is_kept() -> None:
    frame, findings = computed(batch("t | o | RRC.ConnEstabAtt\n08:00 | x | 1\n08:00 | y | 1\n08:00 | c1 | 4", file="a.xml"))
    assert frame.objects == ("c1",)
    assert [(f.code, f.where, f.example, f.count) for f in findings] == [("unknown_object", "a.xml", "x", 2)]


def test_five_minute_rows_become_a_tick_and_a_missing_third_does_not_shrink_it() -> None:
    head = "t | o | RRC.ConnEstabSucc | RRC.ConnEstabAtt | RRU.PrbTotDl"
    rows = ("08:00 | c1 | 9 | 10 | 40", "08:05 | c1 | 18 | 20 | 60", "08:10 | c1 | 30 | 30 | 80")
    whole, _ = computed(*(batch(f"{head}\n{row}", duration_s=300) for row in rows))
    assert shown(whole, "lte_rrc_sr")[1:] == ["08:00 | c1 | 57/60"]
    parts, _ = computed(*(batch(f"{head}\n{row}", duration_s=300) for row in rows[:2]))
    value = dict(zip((k.id for k in parts.kpis), parts.value[0, 0], strict=True))
    assert value["lte_attempts"] == pytest.approx(45)
    assert value["lte_prb_dl"] == pytest.approx(50)
    assert value["lte_rrc_sr"] == pytest.approx(27 / 30)


OFF_THE_GRID = [
    # length of rows in s | (start, attempts) in order of arrival          | the ticks
    (900, [("07:59:30", 600)], ["08:00 | c1 | 600"]),
    (900, [("07:59:30", 600), ("08:14:30", 500)], ["08:00 | c1 | 600", "08:15 | c1 | 500"]),
    (900, [("07:59:30", 600), ("08:00", 590)], ["08:00 | c1 | 590"]),  # they overlap: the later arrival
    (900, [("08:00", 590), ("07:59:30", 600)], ["08:00 | c1 | 600"]),
    (600, [("08:00", 400), ("08:10", 410), ("08:20", 420)], ["08:00 | c1 | 600", "08:15 | c1 | 622.5"]),
    (120, [("08:00", 80), ("08:02", 80)], ["08:00 | c1 | 600"]),
    (420, [("08:00", 280), ("08:07", 280), ("08:14", 280)], ["08:00 | c1 | 600", "08:15 | c1 | 600"]),
    (60, [("08:00", 40), ("08:01", 40)], ["08:00 | c1 | 600"]),
]


@pytest.mark.parametrize(("duration_s", "rows", "ticks"), OFF_THE_GRID)
def test_rows_of_any_length_up_to_a_tick_are_volumes_of_whole_ticks(duration_s, rows, ticks) -> None:
    head = "t | o | RRC.ConnEstabSucc | RRC.ConnEstabAtt"
    batches = [batch(f"{head}\n{start} | c1 | 0 | {attempts}", duration_s=duration_s) for start, attempts in rows]
    frame, _ = computed(*batches)
    names = {k.id: k for k in frame.kpis}
    values = frame.value[:, :, list(names).index("lte_attempts")]
    noted = [f"{utc(int(s)):%H:%M} | c1 | {v:g}" for s, v in zip(frame.starts, values[:, 0], strict=True)]
    assert noted == ticks


@pytest.mark.parametrize(("begins", "lasts"), [("08:30", 3600), ("07:59:30", 3600), ("+1 00:00", 82_800), ("01:30", 86_400)])
def test_long_rows_are_ticks_of_their_own_wherever_they_begin(begins: str, lasts: int) -> None:
    rows = batch(f"t | o | RRC.ConnEstabAtt\n{begins} | c1 | 400", duration_s=lasts)
    frames = compute([rows], SHIPPED, REFERENCE, Findings())
    tick = Grid(900).tick(at(begins), lasts)
    assert {(d, int(f.starts[0])) for d, f in frames.items()} == {(tick.duration_s, tick.start)}


def test_hourly_rows_keep_their_own_period_beside_quarter_hours() -> None:
    frames = compute(
        [
            batch("t | o | RRC.ConnEstabAtt\n08:00 | c1 | 400", duration_s=3600),
            batch("t | o | RRC.ConnEstabAtt\n08:15 | c2 | 80"),
            batch("t | o | RRC.ConnEstabAtt\n08:15 | c2 | 7", duration_s=300),
        ],
        SHIPPED,
        REFERENCE,
        Findings(),
    )
    assert {d: shown(f, "lte_attempts")[1:] for d, f in frames.items()} == {
        3600: ["08:00 | c1 | 400"],
        900: ["08:15 | c2 | 80"],
    }


IMPOSSIBLE = [
    # attempts | successes | finding                 | KPI
    ("100", "101", "success_exceeds_attempts", "-"),
    ("-4", "0", "negative_counter", "-"),
    ("0", "0", "", "0/0"),
    ("100", "100", "", "100/100"),
]


@pytest.mark.parametrize(("attempts", "successes", "code", "cell"), IMPOSSIBLE)
def test_what_cannot_be_is_a_finding_and_missing(attempts: str, successes: str, code: str, cell: str) -> None:
    frame, findings = computed(
        batch(
            f"t | o | RRC.ConnEstabAtt.sum | RRC.ConnEstabSucc.sum | RRC.ConnMean\n08:00 | c1 | {attempts} | {successes} | 1"
        )
    )
    assert [f.code for f in findings] == ([code] if code else [])
    assert shown(frame, "lte_rrc_sr", "lte_conn")[1] == f"08:00 | c1 | {cell} | 1"


def test_cumulative_counters_are_differences_and_a_restart_is_a_finding() -> None:
    values = (("08:00", 1000), ("08:15", 1040), ("08:30", 30), ("08:45", 90), ("09:15", 200))
    rows = [batch(f"t | o | fivegs_amffunction_rm_reginitreq\n{t} | amf1 | {v}") for t, v in values]
    frame, findings = computed(*rows)
    assert shown(frame, "amf_reg_attempts")[1:] == ["08:15 | amf1 | 40", "08:45 | amf1 | 60"]
    assert [(f.code, f.where, f.count) for f in findings] == [("counter_reset", "amf1", 1)]
    late, _ = computed(*rows, wanted=Window(at("08:45"), at("09:00")))
    assert shown(late, "amf_reg_attempts")[1:] == ["08:45 | amf1 | 60"]


def test_vendors_names_stand_for_the_standard_ones() -> None:
    ericsson = "pmErabRelAbnormalEnbAct | pmErabRelAbnormalMmeAct | pmSessionTimeUe | pmPdcpVolDlDrb | pmPdcpVolDlDrbLastTTI"
    huawei = "L.E-RAB.AbnormRel | L.Thrp.bits.DL | L.Thrp.bits.DL.LastTTI | L.Thrp.Time.DL.RmvLastTTI"
    frame, _ = computed(
        batch(f"t | o | {ericsson} | pmUeThpTimeDl\n08:00 | e1 | 2 | 3 | 7200 | 900 | 100 | 40"),
        batch(f"t | o | {huawei}\n08:00 | h1 | 6 | 900000 | 100000 | 20"),
    )
    assert shown(frame, "lte_erab_ret", "lte_thp_dl") == [
        "time | object | lte_erab_ret | lte_thp_dl",
        "08:00 | e1 | 5/7200 | 800/40",
        "08:00 | h1 | - | 800/20",
    ]


def test_a_cell_of_a_known_vendor_does_not_answer_to_anothers_names() -> None:
    frame, _ = computed(
        batch(
            "t | o | pmRrcConnEstabAtt | L.RRC.ConnReq.Att\n08:00 | e1 | 10 | 70\n08:00 | h1 | 10 | 70\n08:00 | c1 | - | 70"
        ),
        batch("t | o | RRC.ConnEstabAtt\n08:15 | h1 | 5"),
    )
    assert shown(frame, "lte_attempts")[1:] == ["08:00 | e1 | 10", "08:00 | h1 | 70", "08:00 | c1 | 70", "08:15 | h1 | 5"]


def test_open5gs_counts_successes_as_requests_less_failures() -> None:
    head = "t | o | fivegs_smffunction_sm_pdusessioncreationreq | fivegs_smffunction_sm_pdusessioncreationsucc"
    head += " | fivegs_smffunction_sm_pdusessioncreationfail"
    frame, _ = computed(batch(f"{head}\n08:00 | smf1 | 100 | 196 | 2"), batch(f"{head}\n08:15 | smf1 | 150 | 292 | 4"))
    assert shown(frame, "smf_pdu_sr")[1:] == ["08:15 | smf1 | 48/50"]


def test_availability_is_seconds_of_seconds_and_a_kpi_stays_with_its_technology() -> None:
    frame, _ = computed(
        batch(
            "t | o | RRU.CellUnavailableTime.sum | RRC.ConnEstabAtt\n"
            "08:00 | c1 | 90 | 5\n08:00 | a1 | 0 | 6\n08:00 | n1 | 0 | 7"
        )
    )
    assert shown(frame, "lte_avail", "lte_attempts", "nr_attempts")[1:] == [
        "08:00 | c1 | 810/900 | 5 | -",
        "08:00 | a1 | 900/900 | 6 | 6",
        "08:00 | n1 | - | - | 7",
    ]


def test_products_are_shown_of_what_is_known() -> None:
    names = "UECNTX.ConnEstabSucc | UECNTX.ConnEstabAtt | DRB.EstabSucc | DRB.EstabAtt"
    names += " | RRC.ConnEstabSucc.sum | RRC.ConnEstabAtt.sum"
    frame, _ = computed(batch(f"t | o | {names}\n08:00 | n1 | 9 | 10 | 8 | 10 | 5 | 10\n08:00 | c1 | 1 | 1 | 1 | 1 | 1 | 1"))
    product = display_products(frame, SHIPPED.products)
    assert product.value[0, :, product.kpi_index["nr_access"]] == pytest.approx([0.36, np.nan], nan_ok=True)


def test_any_column_names_do_as_a_catalogue_of_ones_own() -> None:
    own = load_catalogue(
        """
        [counters]
        rrc_setup_succ_INFERRED = {}
        rrc_setup_att_INFERRED = {}
        prb_avail_a_INFERRED = { unit = "%", kind = "gauge" }
        [kpis.rrc_sr]
        title = "RRC"
        unit = "%"
        kind = "ratio"
        direction = "up"
        family = "accessibility"
        technology = "any"
        numerator = "rrc_setup_succ_INFERRED"
        denominator = "rrc_setup_att_INFERRED"
        [kpis.avail]
        title = "Availability"
        unit = "%"
        kind = "gauge"
        direction = "up"
        family = "availability"
        technology = "any"
        numerator = "prb_avail_a_INFERRED"
        """
    )
    head = "t | o | rrc_setup_succ_INFERRED | rrc_setup_att_INFERRED | prb_avail_a_INFERRED | k04"
    text = f"{head}\n08:00 | c1 | 9 | 10 | 100 | 3"
    frame, _ = computed(batch(text, duration_s=3600), catalogue=own, duration_s=3600)
    assert table_from_frame(frame).splitlines()[1] == "08:00 | c1     | 9/10   | 100"


def test_nothing_in_nothing_out() -> None:
    assert compute([], SHIPPED, REFERENCE, Findings()) == {}


SHARES = """
[counters]
"HO.FailShare" = {}
"HO.Att" = {}
[kpis.ho_fail]
title = "Failed handovers"
unit = "UNIT"
kind = "KIND"
direction = "down"
family = "mobility"
technology = "LTE"
numerator = "HO.FailShare"
weight_counter = "HO.Att"
"""


@pytest.mark.parametrize(("kind", "unit", "share"), [("ratio", "%", 10.0), ("ratio", "1", 0.1), ("rate", "1/attempt", 0.1)])
def test_a_share_without_counts_is_counted_on_its_weight(kind: str, unit: str, share: float) -> None:
    """One failure of ten is one failure; a value in per cent is no count that looks like per cent."""
    catalogue = load_catalogue(SHARES.replace("KIND", kind).replace("UNIT", unit))
    text = f"""
        time | object | HO.FailShare | HO.Att
        2026-03-24T08:00Z | c1 | {share} | 10
        2026-03-24T08:00Z | c2 | {share / 20} | 4000
    """
    frame, findings = computed(batch(text), catalogue=catalogue)
    assert frame.numerator[0, :, 0] == pytest.approx([1.0, 20.0])
    assert frame.denominator[0, :, 0].tolist() == [10.0, 4000.0]
    assert len(findings) == 0
