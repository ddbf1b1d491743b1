"""A how-to page followed word for word, in a folder where `../shared`, `.venv` and the Makefile are as it expects."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def follow(page: Path, folder: Path, last_words: str = "") -> Path:
    """Runs the page's three blocks of commands, `last_words` behind the last; returns the folder in which they ran."""
    work = folder / "precall"
    work.mkdir()
    (folder / "shared").symlink_to(SHARED)
    (work / ".venv").symlink_to(sys.prefix)
    commands = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(commands) == 3
    recipe = "\n".join(["set -e", *commands]).rstrip() + f"{last_words}\n"
    (work / "recipe.sh").write_text(recipe, encoding="utf-8")
    lines = [line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if line != "install: $(STAMP)"]
    (work / "Makefile").write_text("\n".join(lines).replace("backtest: install", "backtest:") + "\n", encoding="utf-8")
    done = subprocess.run(
        ["sh", "recipe.sh"],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return work
