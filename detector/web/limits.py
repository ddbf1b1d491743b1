"""What one client may take from the web server: sizes, times and numbers, each a bound that an honest client never meets."""

from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic

from detector.domain.errors import Misconfigured

SHORTEST_TOKEN = 16
"""Characters of a token. Chosen: 16 random ones have over 80 bits (NIST SP 800-63B requires 64 bits of a session secret,
2017)."""
_KB = 1024
"""Bytes of a kilobyte. Definition (IEC 80000-13: kibibyte)."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Times in s of monotonic time, sizes in bytes."""

    connections: int = 256
    """Open at once; with the files of the database and the tables well under 1024 descriptors."""
    connections_per_address: int = 64
    """A browser opens six; a proxy of one's own is named in `web.trusted_proxies` and not counted."""
    head_s: float = 10.0
    """From the first byte of a request, or from the connection, to the last byte of its headers."""
    body_s: float = 10.0
    idle_s: float = 5.0
    """A connection without a request is kept so long after an answer (the default of uvicorn)."""
    answer_s: float = 30.0
    """A request that takes longer is answered 503; no ordinary request takes a second."""
    linger_s: float = 5.0
    """What a refused client still sends is read and dropped so long, so that it can read why it was refused."""
    slow_s: float = 10.0
    slow_bytes_per_s: float = 4.0 * _KB
    """A client that reads an answer more slowly than this for `slow_s` is cut; a modem of 1995 read as fast."""
    head_bytes: int = 16 * _KB
    """As nginx and Apache allow by default, half an order of magnitude more or less."""
    target_bytes: int = 4 * _KB
    headers: int = 100
    """The default of Apache (LimitRequestFields)."""
    body_bytes: int = 16 * _KB
    """The only body is a verdict of four short texts."""
    requests_per_minute: int = 6000
    """With one token: a hundred a second, more than a voice menu of a million customers sends."""
    strangers_per_minute: int = 600
    """Without a token, from one address; a page is four requests."""
    failures_per_minute: int = 20
    """Sign-ins that fail from one address before the next is not looked at."""


DEFAULT = Limits()
_ADDRESSES = 4096
"""Addresses counted at once; the one idle longest is dropped. Chosen: a megabyte of memory."""


def check_token(token: str) -> None:
    """Raises Misconfigured for a token that could be guessed."""
    if len(token) < SHORTEST_TOKEN:
        mend = f"give at least {SHORTEST_TOKEN}, or leave it out and one is made"
        raise Misconfigured(f"a token of {len(token)} characters", where="precall.toml: web.token", mend=mend)


class Buckets:
    """Token buckets: each key may spend `per_minute` at once and gets back as many a minute. Times are monotonic seconds.

    >>> few = Buckets(2)
    >>> [few.spend("a", now=0.0), few.spend("a", now=0.0), few.spend("a", now=0.0), few.spend("a", now=30.0)]
    [0.0, 0.0, 30.0, 0.0]
    """

    def __init__(self, per_minute: int, keys: int = _ADDRESSES) -> None:
        self._most, self._keys = float(per_minute), keys
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: str, *, now: float | None = None) -> float:
        """0 if this key may have one more, which it then has; else the seconds until it may."""
        wait = self.wait(key, now=now)
        if not wait:
            left, at = self._left[key]
            self._left[key] = (left - 1.0, at)
        return wait

    def wait(self, key: str, *, now: float | None = None) -> float:
        """Seconds until this key may have one more; 0 if it may now. Spends nothing."""
        now = monotonic() if now is None else now
        left, at = self._left.pop(key, (self._most, now))
        left = min(self._most, left + max(0.0, now - at) * self._most / 60.0)
        self._left[key] = (left, now)
        while len(self._left) > self._keys:
            self._left.popitem(last=False)
        return 0.0 if left >= 1.0 else (1.0 - left) * 60.0 / self._most
