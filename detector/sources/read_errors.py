"""Why a file could not be read: for what is in it, or for what is around it."""

from gzip import BadGzipFile

from detector.domain.errors import Permanent


def is_environmental(error: BaseException) -> bool:
    """Whether the disk, a lack of memory or of file handles is at fault, not the file: it may be read later as it is."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError | MemoryError) and not isinstance(seen, BadGzipFile):
            return True
        seen = seen.__cause__
    return False


def unexpected(error: Exception, name: str, *, private: bool = False) -> Permanent:
    """One line for an error that no reader foresaw. Of a file about people nothing is repeated, for it may hold identities.

    >>> print(unexpected(RuntimeError("no\\nway"), "counters/a.xml"))
    counters/a.xml: RuntimeError: no way; this form of file is not foreseen: report it
    """
    said = "" if private else " ".join(str(error).split())[:200]
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    made = Permanent(what, where=name, mend="this form of file is not foreseen: report it")
    made.__cause__ = error
    return made
