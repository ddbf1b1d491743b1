"""Standard Webhooks 1.0: every alert is signed, and the receiver can recognise a retry."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256

from standardwebhooks import Webhook, WebhookVerificationError

from detector.domain.errors import Misconfigured, Permanent
from detector.domain.window import utc

PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64


def signed_headers(key: str, body: bytes, secrets: Sequence[str], *, wall_now: float) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature` for this attempt, one `v1,...` for each secret.

    `wall_now` is wall time (s since the epoch), never a simulated one, or no receiver would take it. Misconfigured without a
    usable secret.

    >>> headers = signed_headers("evt_1", b"{}", [demo_secret("example")], wall_now=1774339200.7)
    >>> headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"][:3]
    ('evt_1', '1774339200', 'v1,')
    """
    if not secrets:
        raise Misconfigured("no secret to sign with", where="receivers: secrets", mend=f"give one {PREFIX}...")
    at = utc(int(wall_now))  # the package relabels other offsets as UTC instead of converting them
    signatures = [webhook(secret).sign(key, at, body.decode()) for secret in secrets]
    return {"webhook-id": key, "webhook-timestamp": str(int(wall_now)), "webhook-signature": " ".join(signatures)}


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> str:
    """The webhook-id of a genuine and fresh message (five minutes of wall time either way); else Permanent."""
    reason = "no secret to verify with"
    for secret in secrets:
        try:
            webhook(secret).verify(body, dict(headers), json_parse=False)
        except WebhookVerificationError as error:
            reason = str(error)
        except ValueError:  # a signature without version, not base64, or a body that is no UTF-8
            reason = "malformed signature headers"
        else:
            return next(value for name, value in headers.items() if name.lower() == "webhook-id")
    raise Permanent(reason, where="webhook-signature")


def webhook(secret: str) -> Webhook:
    """The signer of one secret; Misconfigured if it is not `whsec_` and base64 of 24 to 64 bytes. Never shows the secret."""
    where, mend = "receivers: secrets", f"use {PREFIX} and base64 of {SHORTEST_KEY} to {LONGEST_KEY} random bytes"
    if not secret.startswith(PREFIX):
        raise Misconfigured(f"a secret does not begin with {PREFIX}", where=where, mend=mend)
    try:
        digits = secret.removeprefix(PREFIX).rstrip("=")
        raw = b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except ValueError:
        raise Misconfigured("a secret is not base64", where=where, mend=mend) from None
    if not SHORTEST_KEY <= len(raw) <= LONGEST_KEY:
        raise Misconfigured(f"a secret of {len(raw)} bytes", where=where, mend=mend)
    return Webhook(raw)


def demo_secret(seed: str) -> str:
    """A well-formed secret derived from `seed`, for a demonstration and for tests: it protects nothing."""
    return PREFIX + b64encode(sha256(seed.encode()).digest()).decode()
