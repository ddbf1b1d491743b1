"""Errors of database drivers by what to do next: retry, give up on this item, or correct the configuration."""

from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, InterfaceError, InternalError, OperationalError

from detector.domain.errors import Misconfigured, Permanent, PrecallError, Transient

_AGAIN = "it is tried again"
_PASSING = ("08", "40", "53", "55", "57", "58", "25")
"""Classes of SQLSTATE that pass: connection, rollback, resources, locks, shutdown and cancel, the system's I/O, and a
transaction that is read-only or over (PostgreSQL, errcodes-appendix)."""
_REFUSED = {"28": "storage.database: user and password", "3D": "storage.database: name of the database"}
_REFUSED_WORDS = {
    "password authentication failed": "mend user or password",
    "no password supplied": "add the password",
    "no pg_hba.conf entry": "let this host in",
    "does not exist": "create it, or mend its name",
    "permission denied": "grant this user the right",
}
"""A server that refuses a connection gives no SQLSTATE: its words decide. In another language they pass for transient."""
_SQLITE = {
    "readonly": "make file and folder writable for this user",
    "not a database": "restore it from a backup",
    "malformed": "restore it from a backup",
    "no such table": "restore it from a backup: a table is missing",
    "no such column": "restore it from a backup: it has another schema",
}
_UNIQUE = ("23505", "UNIQUE constraint")


def failure_of(error: BaseException) -> PrecallError | None:
    """What this error of a driver or of SQLAlchemy means, in one line; None if it is no error of a database.

    >>> print(failure_of(UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed")))
    database: a value that no database takes: surrogates not allowed; mend the value
    """
    if isinstance(error, UnicodeError):
        return _unfit(getattr(error, "reason", str(error)))
    if isinstance(error, OverflowError):
        return _unfit(str(error))
    if not isinstance(error, DatabaseError | InterfaceError):
        return None
    said = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
    state = str(getattr(error.orig, "sqlstate", "") or "")
    if refused := _refused(error, state, said):
        return refused
    if state == _UNIQUE[0] or (isinstance(error, IntegrityError) and said.startswith(_UNIQUE[1])):
        return Transient(f"another process wrote the same: {said}", where="database", mend=_AGAIN)
    if state[:2] in _PASSING or (not state and isinstance(error, OperationalError | InterfaceError | InternalError)):
        return Transient(said, where="database", mend=_AGAIN)
    if isinstance(error, DataError):
        return _unfit(said)
    return Permanent(f"{type(error).__name__}: {said}", where="database", mend="report it with the line of the log")


def _refused(error: DatabaseError | InterfaceError, state: str, said: str) -> Misconfigured | None:
    """What only the operator can mend."""
    if state[:2] in _REFUSED or state in ("42501", "42P01", "42703", "XX001", "XX002"):
        where = _REFUSED.get(state[:2], "storage.database")
        mend = (
            "restore it from a backup"
            if state[:2] in ("42", "XX") and state != "42501"
            else "mend the setting, or the server's"
        )
        return Misconfigured(said, where=where, mend=mend)
    if not state and isinstance(error, OperationalError) and ("FATAL" in said or "failed:" in said):
        words = next((mend for words, mend in _REFUSED_WORDS.items() if words in str(error.orig)), "")
        if words:
            return Misconfigured(" ".join(str(error.orig).split()), where="storage.database", mend=words)
    found = next((mend for words, mend in _SQLITE.items() if words in said and not state), "")
    if found:
        return Misconfigured(said, where="storage.database", mend=found)
    return None


def _unfit(what: str) -> Permanent:
    return Permanent(f"a value that no database takes: {what}", where="database", mend="mend the value")
