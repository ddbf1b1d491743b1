"""Opening what comes from outside: only regular files, and without waiting for whoever writes to a pipe."""

import os
import stat
from errno import EINVAL
from io import BufferedReader
from pathlib import Path


def open_file(path: Path) -> BufferedReader:
    """A regular file for reading. Raises OSError for anything else: to open a pipe would block until somebody writes."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(EINVAL, "it is no file")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise
