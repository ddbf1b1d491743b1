"""Who may come in: a bearer token for programs, and for people a session won with `?token=`."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from time import time
from typing import Protocol

from fastapi import HTTPException, Request

from detector.domain.window import HOUR_S
from detector.web.limits import DEFAULT, Buckets, Limits, check_token
from detector.web.meters import Meters
from detector.web.refusals import SIGN_IN

COOKIE = "precall"
ACTOR_HEADER = "x-actor"
LONGEST_ACTOR = 80
"""Characters of the caller's own name. Chosen: a line of the audit log."""
SESSION_S = 12 * HOUR_S
"""Length of a session. Chosen: a shift."""
_ESTABLISHED = 4096
"""Sessions kept in memory. Chosen: more than care has agents."""
BY_TOKEN = "api"  # noqa: S105  a name, no secret
"""The name of the one token that there is, as the audit log has it."""


class Sessions(Protocol):
    """People who signed in. A session ends at its time, when it is revoked, and when the token with which it was won (known
    by its `fingerprint`) is no longer the present one."""

    def begin(self, name: str, fingerprint: str, *, now: float, until: float) -> str:
        """The secret of a new session, which goes into the cookie and is kept nowhere."""
        ...

    def name_of(self, secret: str, fingerprint: str, *, now: float) -> str | None:
        """Whose session this is; None if there is no such session (any more)."""
        ...

    def end(self, secret: str) -> None: ...


class InMemorySessions:
    """Implements `Sessions` for as long as the process runs."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, str, float]] = {}

    def begin(self, name: str, fingerprint: str, *, now: float, until: float) -> str:
        secret = secrets.token_urlsafe(32)
        self._held[secret] = (name, fingerprint, until)
        return secret

    def name_of(self, secret: str, fingerprint: str, *, now: float) -> str | None:
        name, its, until = self._held.get(secret, ("", "", 0.0))
        return name if name and its == fingerprint and now < until else None

    def end(self, secret: str) -> None:
        self._held.pop(secret, None)


def _nobody(_action: str, _address: str, _what: str) -> None:
    """Refusals are noted nowhere: for an application without a store."""


@dataclass(frozen=True)
class AccessOptions:
    """How people and programs come in, beside the token itself. `refused` is called with every failed sign-in and refused
    read (action, address, what); `secure`: the pages are served over TLS, whatever this process sees of it."""

    sessions: Sessions = field(default_factory=InMemorySessions)
    refused: Callable[[str, str, str], object] = _nobody
    secure: bool = False
    limits: Limits = DEFAULT
    meters: Meters = field(default_factory=Meters)


class Access:
    """Checks against one token, in constant time. Who fails too often is not looked at for a while, unless this address has
    signed in with the same token before: so a stranger cannot guess, and cannot shut out anybody who is at work."""

    def __init__(self, token: str, entry: AccessOptions | None = None) -> None:
        check_token(token)
        self.entry = entry or AccessOptions()
        self._token = token.encode()
        self._fingerprint = sha256(b"precall session\0" + self._token).hexdigest()[:32]
        self._failures = Buckets(self.entry.limits.failures_per_minute)
        self._established: OrderedDict[str, None] = OrderedDict()

    def name_of(self, token: str) -> str | None:
        """Whose token this is; None: nobody's. Tokens by role will have names of their own."""
        return BY_TOKEN if compare_digest(token.encode("utf-8", "surrogatepass"), self._token) else None

    def knows(self, token: str) -> bool:
        return self.name_of(token) is not None

    def sign_in(self, token: str, address: str) -> str | None:
        """The name of the token; None if there is none, which is counted. HTTP 429 after too many failures."""
        name = self.name_of(token)
        if name is not None and address in self._established:
            return name
        if wait := self._failures.wait(address):
            self.entry.refused(SIGN_IN, address, "429")
            raise too_many(wait, "Too many sign-ins have failed")
        if name is None:
            self._failures.spend(address)
            self.entry.refused(SIGN_IN, address, "401")
            return None
        self._established[address] = None
        while len(self._established) > _ESTABLISHED:
            self._established.popitem(last=False)
        return name

    def attempt(self, request: Request, token: str) -> str | None:
        """`sign_in` of this request; a failure is noted once, as that."""
        held = request.scope.setdefault("state", {})
        held["noted"] = True
        name = self.sign_in(token, address_of(request))
        held["noted"] = name is None
        return name

    def bearer(self, request: Request) -> str | None:
        """The name of the token that the request carries; None without a valid one. Looked at once a request."""
        held = request.scope.setdefault("state", {})
        if "bearer" not in held:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            given = scheme.lower() == "bearer" and token.strip()
            held["bearer"] = self.attempt(request, token.strip()) if given else None
        found: str | None = held["bearer"]
        return found

    def by_bearer(self, request: Request) -> bool:
        return self.bearer(request) is not None

    def program(self, request: Request) -> str:
        """The actor for the audit log: the token's name, and what the caller gives as its own name (`api as desk-7`), which
        adds to the name and never takes its place. HTTP 401 without the token."""
        name = self.bearer(request)
        if name is None:
            raise HTTPException(401, "Give the token as 'Authorization: Bearer ...'.", {"WWW-Authenticate": "Bearer"})
        said = "".join(c for c in request.headers.get(ACTOR_HEADER, "")[:LONGEST_ACTOR] if c.isprintable()).strip()
        return f"{name} as {said}" if said else name

    def person(self, request: Request) -> None:
        """HTTP 401 unless the request carries a living session or the token."""
        held = request.cookies.get(COOKIE, "")
        if held and self.entry.sessions.name_of(held, self._fingerprint, now=time()) is not None:
            return
        if not self.by_bearer(request):
            raise HTTPException(401, "Open this page once with ?token=... as printed when the service started.")

    def begin_session(self, name: str) -> str:
        """What the cookie holds."""
        now = time()
        return self.entry.sessions.begin(name, self._fingerprint, now=now, until=now + SESSION_S)

    def end_session(self, request: Request) -> None:
        if held := request.cookies.get(COOKIE, ""):
            self.entry.sessions.end(held)

    def secure(self, request: Request) -> bool:
        """Whether the browser came over TLS: by the proxy's header, or by `web.link_base`."""
        return self.entry.secure or request.scope.get("scheme") == "https"


def too_many(wait_s: float, what: str) -> HTTPException:
    seconds = max(1, int(wait_s) + 1)
    return HTTPException(429, f"{what}; ask again in {seconds} s.", {"Retry-After": str(seconds)})


def address_of(request: Request) -> str:
    """Where the request comes from; empty: not known (a test)."""
    return request.client.host if request.client else ""
