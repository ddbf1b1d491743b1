"""The catalogue file: every mistake is one line that names file, key and mend."""

from pathlib import Path

import pytest

from detector.domain.errors import Misconfigured
from detector.kpis import load_catalogue
from detector.kpis.catalogue import factors

SHIPPED = Path(__file__).parents[3] / "config" / "kpis.toml"
GOOD = """
[counters]
Succ = {}
Att = {}
[kpis.sr]
title = "Success"
unit = "%"
kind = "ratio"
direction = "up"
family = "accessibility"
technology = "LTE"
numerator = "Succ"
denominator = "Att"
"""

MISTAKES = [
    # what is changed              | into                                  | the line says
    ('kind = "ratio"', 'kind = "ration"', "kpis.toml: kpis.sr: kind 'ration' is not known; did you mean 'ratio'?"),
    ('direction = "up"', 'direction = "upp"', "did you mean 'up'?"),
    ('family = "accessibility"', 'family = "accessability"', "did you mean 'accessibility'?"),
    ('technology = "LTE"', 'technology = "lte"', "kpis.sr: technology 'lte' is not known"),
    ('unit = "%"', 'unitt = "%"', "kpis.sr: unknown key 'unitt'; did you mean 'unit'?"),
    ('unit = "%"', "", "kpis.sr: lacks 'unit'; add unit = ..."),
    ('unit = "%"', "unit = 3", "kpis.sr: 'unit' is 3; make it a text"),
    ('unit = "%"', 'unit = "%"\nweight = true', "'weight' is True; make it a number"),
    ('unit = "%"', 'unit = "%"\nfloor = nan', "neither may be negative or huge"),
    ('denominator = "Att"', "", "kpis.sr: lacks 'denominator'"),
    ('denominator = "Att"', 'denominator = "Atd"', "counter 'Atd'; declare it under [counters], or: did you mean 'Att'?"),
    ('denominator = "Att"', 'denominator = "open(1)"', "kpis.sr.denominator: formula has a call, which is no arithmetic"),
    ('kind = "ratio"', 'kind = "volume"', "a volume has no 'denominator'"),
    ('unit = "%"', 'unit = "%"\nweight_counter = "Att"', "weight_counter of a ratio with denominator"),
    ("Att = {}", "Att = {kind = 'deltas'}", "counters.Att: kind 'deltas' is not known; did you mean 'delta'?"),
    ("Att = {}", "Att = 7", "counters: 'Att' is 7; make it a table"),
    ("[kpis.sr]", "[kpis.'s | r']", "'s | r' is no KPI id; use letters, digits and underscores"),
    ("[counters]", "[counter]", "kpis.toml: unknown key 'counter'; did you mean 'counters'?"),
    ("[counters]", "[kpis.sr]\n[counters]", "no valid TOML"),
    ("[counters]", "[aliases.Acme]\nSuc = 'x'\n[counters]", "alias of the unknown counter 'Suc'; did you mean 'Succ'?"),
    ("[counters]", "[aliases.Acme]\nSucc = 'x ** 2'\n[counters]", "aliases.Acme.Succ: formula has an operator"),
    (GOOD, "", "kpis.toml: has no KPI; add a table [kpis.NAME]"),
]


@pytest.mark.parametrize(("part", "instead", "line"), MISTAKES, ids=[m[2][:40] for m in MISTAKES])
def test_a_mistake_is_one_line_with_its_mend(part: str, instead: str, line: str) -> None:
    assert part in GOOD
    with pytest.raises(Misconfigured) as refused:
        load_catalogue(GOOD.replace(part, instead, 1))
    assert line in str(refused.value)
    assert str(refused.value).startswith("kpis.toml: ")
    assert "\n" not in str(refused.value)


def test_an_unknown_factor_of_a_product_is_refused() -> None:
    product = '\n[kpis.all]\ntitle="a"\nunit="%"\nkind="display"\ndirection="up"\nfamily="accessibility"\ntechnology="LTE"\n'
    assert factors(load_catalogue(GOOD + product + 'product=["sr"]').products[0]) == (("sr",),)
    with pytest.raises(Misconfigured, match="unknown KPI 'srr'; did you mean 'sr'"):
        load_catalogue(GOOD + product + 'product=["srr"]')


def test_the_hash_names_content_and_not_comments() -> None:
    assert load_catalogue(GOOD).hash == load_catalogue("# a word\n" + GOOD).hash
    assert load_catalogue(GOOD).hash != load_catalogue(GOOD.replace('"Succ"', '"Succ - 0"')).hash


def test_the_shipped_catalogue_holds_every_technology_with_a_volume_to_collapse() -> None:
    catalogue = load_catalogue(SHIPPED.read_text())
    collapsing = {(k.technology, k.id) for k in catalogue.kpis if k.kind == "volume" and k.scored}
    assert {
        ("LTE", "lte_traffic"),
        ("LTE", "lte_attempts"),
        ("NR", "nr_traffic"),
        ("NR", "nr_attempts"),
        ("core", "amf_reg_attempts"),
    } <= collapsing
    assert {"Ericsson", "Huawei", "Open5GS"} <= set(catalogue.aliases)
    assert "ERAB.SessionTimeUE" not in catalogue.aliases["Huawei"]


def test_every_shipped_ratio_has_a_clause_and_a_floor_in_its_fraction() -> None:
    for kpi in load_catalogue(SHIPPED.read_text()).kpis:
        assert kpi.clause, kpi.id
        assert kpi.kind != "ratio" or 0 < kpi.floor <= 0.1, kpi.id
