"""How long to wait before the next attempt: a published schedule, spread by a hash instead of by chance."""

from hashlib import sha256

SCHEDULE_S = (0, 5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Wait before attempt 1, 2, 3 ... in s, after the example of Standard Webhooks 1.0; afterwards the message is dead."""
MAX_ATTEMPTS = len(SCHEDULE_S)
SPREAD = 0.2
"""Share by which a wait is lengthened at random. Chosen: messages that failed together do not come back together."""
LONGEST_S = 86400.0
"""Longest wait between two attempts, in s. Chosen: a receiver that is back is tried within a day."""


def delay(attempt: int, *, key: str, retry_after_s: float | None = None) -> float:
    """Seconds to wait before attempt number `attempt` (1 = the first) of the message `key`.

    Each step is stretched by up to a fifth, so that messages which failed together do not come back together; the
    factor follows from key and attempt, so a replay waits exactly as long. A receiver's own Retry-After is a lower bound,
    up to a day: nobody may silence us for longer. ValueError for an attempt below 1.

    >>> delay(1, key="evt_1"), 300 <= delay(4, key="evt_1") < 360, delay(2, key="evt_1", retry_after_s=60) >= 60
    (0.0, True, True)
    """
    if attempt < 1:
        raise ValueError(f"attempts count from 1, not {attempt}")
    step = float(SCHEDULE_S[min(attempt, MAX_ATTEMPTS) - 1])
    base = max(step, min(retry_after_s or 0.0, LONGEST_S))
    return base * (1 + SPREAD * _fraction(key, attempt))


def _fraction(key: str, attempt: int) -> float:
    """In [0, 1), evenly spread over keys."""
    return int.from_bytes(sha256(f"{key}\n{attempt}".encode()).digest()[:6], "big") / 2**48
