"""Who may come in: a bearer token for programs, and for people a cookie won with `?token=`."""

from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac

from fastapi import HTTPException, Request

from detector.domain.errors import Misconfigured

COOKIE = "precall"
ACTOR_HEADER = "x-actor"
LONGEST_ACTOR = 80
SHORTEST_TOKEN = 16


class Access:
    """Checks against one token, in constant time. The cookie is derived from the token and opens the pages only."""

    def __init__(self, token: str) -> None:
        if len(token) < SHORTEST_TOKEN:
            mend = f"give at least {SHORTEST_TOKEN}, or leave it out and one is made"
            raise Misconfigured(f"a token of {len(token)} characters", where="precall.toml: web.token", mend=mend)
        self._token = token.encode()
        self.cookie = hmac(self._token, b"precall pages", sha256).hexdigest()

    def knows(self, token: str) -> bool:
        return compare_digest(token.encode(), self._token)

    def by_bearer(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.knows(token.strip())

    def program(self, request: Request) -> str:
        """The actor for the audit log; HTTP 401 without the token."""
        if not self.by_bearer(request):
            raise HTTPException(401, "Give the token as 'Authorization: Bearer ...'.", {"WWW-Authenticate": "Bearer"})
        name = request.headers.get(ACTOR_HEADER, "")[:LONGEST_ACTOR]
        return "".join(c for c in name if c.isprintable()) or "api"

    def person(self, request: Request) -> None:
        """HTTP 401 unless the request carries the cookie or the token."""
        held = request.cookies.get(COOKIE, "")
        if not (compare_digest(held.encode(), self.cookie.encode()) or self.by_bearer(request)):
            raise HTTPException(401, "Open this page once with ?token=... as printed when the service started.")
