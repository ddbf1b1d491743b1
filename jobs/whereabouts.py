"""The running daemon's address, for commands beside it."""

import json
import os
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

WHERE = "daemon.json"


def tell_where(storage: Path, url: str) -> None:
    """The daemon answers at `url`; empty: it has stopped."""
    path = storage / WHERE
    if not url:
        path.unlink(missing_ok=True)
        return
    part = path.with_name(f".{WHERE}.{os.getpid()}.part")
    part.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    part.replace(path)


def where(storage: Path) -> SplitResult | None:
    """Where it answers, if the process that wrote it still lives."""
    try:
        told = json.loads((storage / WHERE).read_text(encoding="utf-8"))
        os.kill(int(told["pid"]), 0)
        return urlsplit(str(told["url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
