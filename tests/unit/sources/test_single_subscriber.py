"""A lookup reads of the customer tables what is about the caller: the answer is that of reading everybody."""

from functools import lru_cache

import pytest

from detector.care.consent import bases, objected, permission
from detector.domain.customer import CHANNELS, PURPOSES
from detector.domain.policy import CarePolicy
from detector.simulator import Scenario, simulate
from detector.sources.identity import Pseudonymiser
from detector.sources.reference import ReferenceFiles, TableOptions
from detector.sources.single_subscriber import reference_of

NAMES = Pseudonymiser(b"0123456789abcdef")
START = 1_772_323_200
NOW = START + 86_400
FAMILY = """subscriber_id,account_id,guardian_id,minor,preferred_channel
child,fam,aunt,true,
aunt,firm,grandma,false,email
grandma,,,false,
stranger,other,,false,"""
ACCOUNTS = "account_id,kind,parent_id\nfam,family,\nfirm,enterprise,holding\nholding,enterprise,\nother,consumer,\n"
MEMBERS = "account_id,subscriber_id,role\nfirm,child,line\nfam,aunt,holder\nother,stranger,holder\n"
CONSENTS = """holder_kind,holder_id,purpose,channel,state,since
subscriber,aunt,proactive_contact,any,granted,2026-02-01T00:00:00Z
account,holding,profiling,any,withdrawn,2026-02-01T00:00:00Z
account,other,proactive_contact,any,granted,2026-02-01T00:00:00Z
subscriber,child,network_care_analysis,any,granted,2026-02-01T00:00:00Z
subscriber,child,network_care_analysis,any,withdrawn,2026-09-01T00:00:00Z"""


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    root = tmp_path_factory.mktemp("operator")
    simulate(root, Scenario(cells=12, days=1, seed=2, start=START, subscribers_per_cell=12))
    return root


@pytest.fixture
def family(tmp_path):
    tables = {"subscribers": FAMILY, "accounts": ACCOUNTS, "account_members": MEMBERS, "consents": CONSENTS}
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def described(customers, key):
    """Everything that an answer to this caller may rest on."""
    lawful = bases(CarePolicy(), "DE")
    may = {
        (purpose, channel): permission(
            key, customers=customers, purpose=purpose, channel=channel, at=NOW, basis=lawful[purpose]
        )
        for purpose in PURPOSES
        for channel in CHANNELS
    }
    objects = [objected(key, customers=customers, purpose=purpose, at=NOW) for purpose in PURPOSES]
    person = customers.subscribers.get(key)
    return (
        person,
        person and customers.subscribers.get(person.guardian),
        customers.every_account_of.get(key),
        customers.roles_of.get(key),
        may,
        objects,
    )


@lru_cache(maxsize=1)
def everybody_of(root):
    """The whole reference, read once: no test changes its files."""
    return ReferenceFiles(root, NAMES, TableOptions()).at(NOW)


def same(root, raw):
    key = NAMES.subscriber(raw)
    one, all_ = reference_of(root, NAMES, raw, NOW), everybody_of(root)
    assert described(one.customers, key) == described(all_.customers, key)
    assert one.operator == all_.operator
    return one.customers


def test_of_a_simulated_operator_the_answer_is_the_same_for_everybody(operator):
    everybody = sorted(everybody_of(operator).raw_ids.values())
    subscribers = [raw for raw in everybody if raw.startswith("u")]
    assert len(subscribers) == 144
    for raw in subscribers:
        assert len(same(operator, raw).subscribers) <= 3


@pytest.mark.parametrize("raw", ["child", "aunt", "grandma", "stranger", "nobody", "chil", ""])
def test_guardians_and_parent_companies_are_found_and_strangers_are_not(family, raw):
    found = same(family, raw)
    if raw == "child":
        assert set(found.subscribers) == {NAMES.subscriber(one) for one in ("child", "aunt", "grandma")}
        assert set(found.accounts) == {NAMES.account(one) for one in ("fam", "firm", "holding")}
    if raw in ("nobody", "chil", ""):
        assert found.subscribers == {}
