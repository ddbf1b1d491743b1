"""Raw identities end here: every other package sees keyed pseudonyms only."""

import hmac
from collections.abc import Sequence

from detector.domain.errors import Misconfigured
from detector.domain.identity import AccountId, SubscriberId, known_identity


class Pseudonymiser:
    """Keyed HMAC-SHA256 of subscriber and account ids, first 96 bits; the key's version is part of every pseudonym.

    An id that is blank, or a word for "no value", is empty (not known); what prints nothing at its ends is no part of it.
    `previous`: those of earlier keys, under which older data may still lie. Raises Misconfigured for a key that could be
    guessed.

    >>> names = Pseudonymiser(b"0123456789abcdef", version=1)
    >>> names.subscriber("001010000000001")
    'sub_1_a27dcb8d3bf9d5e6847a0251'
    """

    def __init__(self, key: bytes, version: int = 1, previous: "Sequence[Pseudonymiser]" = ()) -> None:
        if len(key) < 16:
            raise Misconfigured(
                "the pseudonym key has fewer than 16 bytes", where="pseudonym key", mend="use 32 random bytes"
            )
        self._key, self.version, self.previous = key, version, tuple(previous)

    def subscriber(self, raw: str) -> str:
        return self._name("sub", raw)

    def account(self, raw: str) -> str:
        return self._name("acc", raw)

    def subscribers(self, raw: str) -> tuple[str, ...]:
        """Every pseudonym that this person has or had, the present one first. InvalidIdentity if nobody is named.

        >>> old = Pseudonymiser(b"0123456789abcdef", version=1)
        >>> [name[:6] for name in Pseudonymiser(b"fedcba9876543210", 2, [old]).subscribers("001010000000001")]
        ['sub_2_', 'sub_1_']
        """
        named = SubscriberId(raw)
        return (self.subscriber(named), *(one.subscriber(named) for one in self.previous))

    def accounts(self, raw: str) -> tuple[str, ...]:
        """The same for an account."""
        named = AccountId(raw)
        return (self.account(named), *(one.account(named) for one in self.previous))

    def _name(self, kind: str, raw: str) -> str:
        if not (named := known_identity(raw)):
            return ""
        digest = hmac.digest(self._key, f"{kind}\n{self.version}\n{named}".encode(), "sha256")
        return f"{kind}_{self.version}_{digest.hex()[:24]}"
