"""Of whom a risk is estimated, and of whom not."""

from dataclasses import replace
from pathlib import Path

import pytest

from detector.care.consent import profiled
from detector.domain.customer import Consent, Customers, Subscriber
from detector.domain.experience import Experience
from detector.domain.impact import Affected
from detector.domain.interaction import Interaction
from detector.domain.policy import CarePolicy, LawfulBasis
from detector.domain.ports import Reference
from detector.domain.risk import PAST, TODAY, RiskModel
from detector.domain.window import Window
from detector.store import Store
from detector.store.database import Database
from detector.store.migrate import migrate
from jobs.complaint_risk import refit_risk
from jobs.people_facts import PeopleFacts

DAY = 86_400
NOW = 40 * DAY + 12 * 3600
STEEP = RiskModel(
    names=(*TODAY, *PAST),
    segments=(),
    intercept=-6.0,
    weights=(1.0,) * 10,
    errors=(0.1,) * 10,
    fitted_at=NOW,
    complaints=100,
    people=900,
)


def row(who: str, state: str = "granted", purpose: str = "profiling") -> Consent:
    return Consent(holder_kind="subscriber", holder=who, purpose=purpose, channel="any", state=state, since=1)


PEOPLE = Customers(
    {key: Subscriber(key=key) for key in ("granted", "withdrawn", "silent")},
    consents=(row("granted"), row("withdrawn"), replace(row("withdrawn", "withdrawn"), since=2)),
)


def test_no_row_means_no_and_a_withdrawal_means_no() -> None:
    assert profiled(PEOPLE, CarePolicy(), country="DE", at=NOW) == {"granted"}


def test_on_another_basis_no_row_is_no_obstacle_but_an_objection_is() -> None:
    policy = CarePolicy(lawful_basis=(LawfulBasis("profiling", "*", "legitimate_interest"),))
    assert profiled(PEOPLE, policy, country="DE", at=NOW) == {"granted", "silent"}


@pytest.fixture
def store(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'precall.db'}")
    migrate(database)
    yield Store(tmp_path, database, (), b"9" * 43 + b"=")
    database.close()


def keep(
    store: Store,
    *,
    model: RiskModel | None = None,
    experience: tuple[Experience, ...] = (),
    interactions: tuple[Interaction, ...] = (),
) -> None:
    with store.begin() as connection:
        store.experience.replace(connection, Window(0, NOW + DAY), experience)
        store.interactions.add(connection, interactions)
        store.models.save_risk(connection, model, "")


def contact_chances(store: Store, *listed: Affected) -> dict[str, float]:
    return dict(PeopleFacts(store, Reference(customers=PEOPLE), NOW).contact_chances(listed, CarePolicy(), harm="access"))


def affected(who: str, minutes: float = 30.0) -> Affected:
    return Affected(
        incident_id="inc_1",
        subscriber=who,
        account="",
        basis="present",
        probability=0.7,
        exposure_s=3600.0,
        degraded_s=minutes * 60,
        failures=1.0,
    )


def test_only_those_who_granted_it_have_a_risk(store: Store) -> None:
    keep(store, model=STEEP)
    assert set(contact_chances(store, *map(affected, PEOPLE.subscribers))) == {"granted"}


def test_without_a_model_nobody_has_one(store: Store) -> None:
    assert contact_chances(store, affected("granted")) == {}


def test_what_happened_before_adds_to_it(store: Store) -> None:
    keep(store, model=STEEP)
    calm = contact_chances(store, affected("granted"))["granted"]
    bad_day = Experience(
        day=38 * DAY,
        holder_kind="subscriber",
        holder="granted",
        index=40.0,
        degraded_s=3600.0,
        failures=2.0,
        worst=0.5,
        incidents=1,
        by_harm={"drops": 3600.0},
    )
    keep(
        store,
        model=STEEP,
        experience=(bad_day,),
        interactions=(
            Interaction(
                interaction_id="k1", at=38 * DAY, kind="contact", channel="call", subscriber="granted", category="network"
            ),
        ),
    )
    assert contact_chances(store, affected("granted"))["granted"] > calm


def test_a_contact_of_today_is_what_is_foretold_not_what_foretells(store: Store) -> None:
    keep(store, model=STEEP)
    calm = contact_chances(store, affected("granted"))
    keep(
        store,
        model=STEEP,
        interactions=(
            Interaction(
                interaction_id="k1", at=NOW - 600, kind="contact", channel="call", subscriber="granted", category="network"
            ),
        ),
    )
    assert contact_chances(store, affected("granted")) == calm


def test_too_short_a_history_removes_the_old_model_with_the_reason(store: Store) -> None:
    keep(store, model=STEEP)
    assert refit_risk(store, Reference(customers=PEOPLE), CarePolicy(), now=NOW) == store.models.risk_why_not()
    assert store.models.risk() is None
    assert "days" in store.models.risk_why_not()


def test_learn_fits_it_from_what_is_kept_of_those_who_allow_it(store: Store) -> None:
    many = [f"sub_{n}" for n in range(300)]
    customers = Customers({key: Subscriber(key=key) for key in many}, consents=tuple(row(key) for key in many[:200]))
    lived = [
        Experience(
            day=day * DAY,
            holder_kind="subscriber",
            holder=many[n],
            index=40.0,
            degraded_s=3600.0,
            failures=2.0,
            worst=0.5,
            incidents=1,
            by_harm={"access": 3600.0},
        )
        for day in range(12, 40)
        for n in range(day % 7, 300, 20)
    ]
    interactions = [
        Interaction(
            interaction_id=f"k{n}",
            at=one.day + 7200,
            kind="contact",
            channel="call",
            subscriber=one.holder,
            category="network",
        )
        for n, one in enumerate(lived)
        if n % 3 == 0
    ]
    keep(store, experience=tuple(lived), interactions=tuple(interactions))
    assert refit_risk(store, Reference(customers=customers), CarePolicy(), now=NOW) == ""
    model = store.models.risk()
    assert model is not None
    assert model.people == 200
    assert model.judged is not None
    assert model.judged.low > 0.8
