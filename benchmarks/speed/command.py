"""How long each command takes, in processor seconds of its own process, beside a bare `import sqlalchemy`."""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.figure import Figure
from detector.simulator import Scenario, simulate

START = 1_774_224_000
CELLS = 100
HELP_S, READS_S = 0.5, 0.7
PRECALL = ("-c", "import sys; sys.argv[0] = 'precall'; from jobs.cli import main; main()")
BARE = ("-c", "import sqlalchemy")
WINDOW = ("--from", "2026-03-23", "--to", "2026-03-24")
COMMANDS: Sequence[tuple[str, ...]] = (
    ("--help",),
    ("incidents", "--help"),
    ("incidents",),
    ("findings",),
    ("deliveries",),
    ("redrive",),
    ("lookup", "u0000007"),
    ("rules", "list"),
    ("rules", "try"),
    ("report",),
    ("report", "planning", *WINDOW),
    ("explain", "u0000007"),
)


def figures(rounds: int = 5) -> list[Figure]:
    """The least of some rounds each, over the store of an operator with CELLS cells and a day of data."""
    with tempfile.TemporaryDirectory() as work:
        root = Path(work)
        simulate(root / "inbox", Scenario(cells=CELLS, days=1, seed=1, start=START))
        (root / "my.toml").write_text(f'[sources]\npath = "{root}/inbox"\n[storage]\npath = "{root}/var"\n')
        config = ("--config", str(root / "my.toml"))
        _processor_s((*PRECALL, "job", "pull", *config))
        bare = min(_processor_s(BARE) for _ in range(rounds))
        return [_figure(words, config, bare, rounds) for words in COMMANDS]


def _figure(words: Sequence[str], config: Sequence[str], bare: float, rounds: int) -> Figure:
    asks = "--help" in words
    ours = min(_processor_s((*PRECALL, *words, *(() if asks else config))) for _ in range(rounds))
    target = HELP_S if asks else READS_S
    return Figure(
        what=f"precall {' '.join(words)}, processor, least of {rounds}",
        value=ours,
        unit="s",
        command="python -m benchmarks.speed command",
        ratio=ours / bare,
        against="python -c 'import sqlalchemy'",
        target=f"< {target} s",
        met=ours < target,
        detail=f"{CELLS} cells",
    )


def _processor_s(arguments: Sequence[str]) -> float:
    """User and system time of one process that has ended well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
