"""How far something is that takes longer than two seconds: a progress bar on a terminal, else a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

ProgressCallback = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""
SHOWN_AFTER_S = 2.0
"""Time after which progress is shown. Chosen: shorter work needs none."""
LINE_EVERY_S, REDRAWN_EVERY_S = 5.0, 0.2


def no_progress(_share: float) -> None:
    """The `ProgressCallback` of those who do not look."""


ProgressDisplay = Callable[[str], AbstractContextManager[ProgressCallback]]
"""Shows the progress of the work that it is named for, while its block runs."""


@contextmanager
def no_display(_what: str) -> Iterator[ProgressCallback]:
    """The `ProgressDisplay` of those who do not look."""
    yield no_progress


class DelayedDisplay:
    """Calls `show(share done, seconds since the beginning)` from a thread of its own, first after SHOWN_AFTER_S, then every
    `every_s`: so also of work that stands still. Use it in a `with`; the block gets the `ProgressCallback` to call."""

    def __init__(self, show: Callable[[float, float], None], every_s: float, after_s: float = SHOWN_AFTER_S) -> None:
        self._show, self._every_s, self._after_s = show, every_s, after_s
        self._share, self._began, self._over = 0.0, monotonic(), Event()
        self._thread = Thread(target=self._repeat, name="progress", daemon=True)

    def __enter__(self) -> ProgressCallback:
        self._thread.start()
        return self._move

    def _move(self, share: float) -> None:
        self._share = share

    def _repeat(self) -> None:
        wait_s = self._after_s
        while not self._over.wait(wait_s):
            self._show(self._share, monotonic() - self._began)
            wait_s = self._every_s

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()


def lines(what: str, say: Callable[[str], object]) -> DelayedDisplay:
    """`say` gets texts like "reading the history: 40 %, 12 s"."""

    def show(share: float, seconds: float) -> None:
        done = f"{100 * share:.0f} %, " if share else ""
        say(f"{what}: {done}{seconds:.0f} s")

    return DelayedDisplay(show, LINE_EVERY_S)


class ProgressBar:
    """A progress bar of `rich` that disappears when the work is done."""

    def __init__(self, what: str, console: "Console") -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._rich = Progress(*columns, console=console, transient=True)
        self._task = self._rich.add_task(what, total=1.0, visible=False)
        self._shown = DelayedDisplay(self._show, REDRAWN_EVERY_S)

    def _show(self, share: float, _seconds: float) -> None:
        self._rich.update(self._task, completed=share, visible=True)

    def __enter__(self) -> ProgressCallback:
        self._rich.start()
        return self._shown.__enter__()

    def __exit__(self, *_error: object) -> None:
        self._shown.__exit__()
        self._rich.stop()


def on(console: "Console") -> ProgressDisplay:
    """A progress bar where the console is a terminal, else lines."""

    def watch(what: str) -> AbstractContextManager[ProgressCallback]:
        if console.is_terminal:
            return ProgressBar(what, console)
        return lines(what, lambda text: console.print(text, highlight=False, soft_wrap=True))

    return watch
