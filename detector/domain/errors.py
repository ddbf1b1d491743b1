"""Errors by what to do next: retry, give up on this item, or correct the configuration."""


class PrecallError(Exception):
    """One line for a person: where it is, what is wrong, how to mend it.

    >>> print(Misconfigured("unknown key 'tik'", where="precall.toml: detection.tik", mend="did you mean 'tick'?"))
    precall.toml: detection.tik: unknown key 'tik'; did you mean 'tick'?
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(what, where, mend)

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return " ".join((f"{line}; {self.mend}" if self.mend else line).split())


class Transient(PrecallError):
    """May go through later: try again with back-off. `retry_after_s` is the other side's wish, if it gave one."""

    def __init__(self, what: str, *, where: str = "", mend: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(what, where=where, mend=mend)
        self.retry_after_s = retry_after_s


class Permanent(PrecallError):
    """Will never succeed as it is: set this item aside, report the reason, and go on with the rest."""


class Unfinished(Transient):
    """This item alone is not ready: it changes while it is read, or its disk fails. Leave it, go on, and request it
    again."""


class Incomplete(Permanent):
    """This item is cut off, but it may still grow: leave it where it lies; with more bytes it is another item."""


class Misconfigured(PrecallError):
    """The operator has to change a file or a setting; `where` names the file and key, `mend` the change."""
