"""`precall forget`: erase a person everywhere."""

from detector.app import House
from detector.clock import WallClock


def forget(house: House, raw_subscriber: str) -> str:
    """Listings, contacts, presence, habits and the vault; the audit log keeps that it was done, under the pseudonym."""
    key = house.pseudonymiser.subscriber(raw_subscriber)
    gone = house.store.erasure.erase(key)
    house.store.audit.note(WallClock().now(), "cli", "forget", key, ", ".join(f"{n} {what}" for what, n in gone.items()))
    left = house.store.erasure.mentions(key)
    proof = "nothing of it is left" if not left else f"still found in {', '.join(left)}"
    return f"{key}: erased {', '.join(f'{n} {what}' for what, n in gone.items())}; {proof}"
