"""Raw identities end here: every other room sees keyed pseudonyms only."""

import hmac

from detector.domain.errors import Misconfigured


class Pseudonymiser:
    """Keyed HMAC-SHA256 of subscriber and account ids, first 96 bits; the key's version stands in every pseudonym.

    An empty id stays empty (not known). Raises Misconfigured for a key that could be guessed.

    >>> names = Pseudonymiser(b"0123456789abcdef", version=1)
    >>> names.subscriber("001010000000001")
    'sub_1_a27dcb8d3bf9d5e6847a0251'
    """

    def __init__(self, key: bytes, version: int = 1) -> None:
        if len(key) < 16:
            raise Misconfigured(
                "the pseudonym key has fewer than 16 bytes", where="pseudonym key", mend="use 32 random bytes"
            )
        self._key, self.version = key, version

    def subscriber(self, raw: str) -> str:
        return self._name("sub", raw)

    def account(self, raw: str) -> str:
        return self._name("acc", raw)

    def _name(self, kind: str, raw: str) -> str:
        if not raw:
            return ""
        digest = hmac.digest(self._key, f"{kind}\n{self.version}\n{raw}".encode(), "sha256")
        return f"{kind}_{self.version}_{digest.hex()[:24]}"
