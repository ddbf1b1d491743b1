"""Of whom a risk may be estimated."""

from collections.abc import Iterable

from detector.care.consent import bases, objected, permission
from detector.domain.customer import Customers
from detector.domain.policy import CarePolicy


def profiled(
    customers: Customers, policy: CarePolicy, *, country: str, at: int, among: Iterable[str] | None = None
) -> frozenset[str]:
    """Keys of the people (of `among`, else of everyone) of whom a risk may be estimated: no row for `profiling` means no."""
    basis = bases(policy, country)["profiling"]
    keys = customers.subscribers if among is None else among
    return frozenset(
        key
        for key in keys
        if not permission(key, customers=customers, purpose="profiling", channel="any", at=at, basis=basis)
        and not objected(key, customers=customers, purpose="profiling", at=at)
    )
