"""The documentation is held to the code: its commands run, its links lead somewhere, its tables are what the code says.

A block ```sh is run as it stands, in order, page by page, in a copy of the repository. Two words after `sh` change how:
`until-stopped` starts something that runs until Ctrl-C, which is pressed as soon as it serves; `suite` is these tests
themselves, so it is only looked at. `python -m tests.acceptance.test_docs` writes the generated tables anew.
"""

import os
import re
import shutil
import signal
import subprocess
import time
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import typer.main

from detector.app import read_catalogue
from detector.backtest import output_files
from detector.delivery.receivers.cloudevents import CloudEventsSettings
from detector.domain.kpi import Kpi
from detector.domain.policy import HoldoutPolicy, LawfulBasis
from detector.domain.rule import Offer
from detector.settings import DEFAULT, Settings, load
from detector.sources.folder import FolderSettings
from jobs.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
NAMED = [page.relative_to(ROOT).as_posix() for page in PAGES]
RUN_BY_OTHER_TESTS = {
    "docs/how-to/real-hourly-cells.md": "run by test_real_cells, if its data are there",
    "docs/how-to/core-minute.md": "run by test_core_minute, if its data are there; the whole takes ten minutes",
}
NEEDS_DATA = "> **Needs data that a clone does not have**"
SMALL = {
    "PRECALL_DEMO__CELLS": "12",
    "PRECALL_DEMO__HISTORY_DAYS": "3",
    "PRECALL_DEMO__SPEED": "3000",
    "PRECALL_WEB__PORT": "0",
}
"""What makes a demonstration small enough for a test: settings of the environment, so no text is changed."""
PATIENCE_S = 240
FENCE = re.compile(r"^```(\w*)[ ]?([^\n]*)\n(.*?)^```$", re.M | re.S)
every_page = pytest.mark.parametrize("name", NAMED)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what is said of it, and its text."""

    language: str
    mark: str
    text: str


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def shell_blocks(name: str) -> list[Block]:
    blocks = [Block(*found) for found in FENCE.findall(read(name))]
    return [block for block in blocks if block.language == "sh"]


def prose(name: str) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", read(name))


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The repository as a newcomer has it after `make install`, beside the same neighbours."""
    root = tmp_path / "clone"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    (root / ".venv").mkdir()
    for part in (ROOT / ".venv").iterdir():
        if part.name != ".installed":
            (root / ".venv" / part.name).symlink_to(part)
    (root / ".venv/.installed").touch()  # newer than its sources: a test must never install
    if (ROOT.parent / "shared").exists():
        (tmp_path / "shared").symlink_to(ROOT.parent / "shared")
    return root


@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.skip(reason=RUN_BY_OTHER_TESTS[name])) if name in RUN_BY_OTHER_TESTS else name
        for name in NAMED
        if shell_blocks(name)
    ],
)
def test_every_command_of_a_page_runs(name: str, clone: Path) -> None:
    for block in shell_blocks(name):
        if block.mark == "suite":
            run(f"make -n {block.text.split()[-1]}", clone)
        elif block.mark == "until-stopped":
            run_until_stopped(block.text, clone)
        else:
            assert block.mark == "", f"{name}: unknown mark '{block.mark}'"
            run(block.text, clone)


@every_page
def test_a_page_whose_commands_need_more_than_a_clone_states_it_at_its_top(name: str) -> None:
    commands = "".join(block.text for block in shell_blocks(name))
    assert ("../shared" in commands) == (NEEDS_DATA in read(name)[:400])
    assert ("../shared" in commands) == (name in RUN_BY_OTHER_TESTS)


def run(text: str, where: Path) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=where,
        env=os.environ | SMALL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def run_until_stopped(text: str, where: Path) -> None:
    """Start it, wait until its pages answer, press Ctrl-C, and see it stop with a last word."""
    log = where / "console.txt"
    with log.open("w") as console:
        process = subprocess.Popen(
            ["bash", "-euc", text], cwd=where, env=os.environ | SMALL, stdout=console, stderr=console, start_new_session=True
        )
    try:
        url = wait_for(r"(http://127\.0\.0\.1:\d+)", log, process)
        with urlopen(f"{url}/healthz", timeout=10) as answer:  # our own service on the loopback
            assert answer.status == 200
        if "--config" not in text and "CONFIG=" not in text:
            wait_for("OPENED", log, process)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=PATIENCE_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    said = log.read_text()
    assert "Traceback" not in said
    assert re.search(r"resolved; 0 rejected|stopped cleanly", said), said[-2000:]


def wait_for(pattern: str, log: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(pattern, log.read_text()):
            return found[found.lastindex or 0]
        time.sleep(0.2)
    raise AssertionError(f"'{pattern}' was not said:\n{log.read_text()[-2000:]}")


@every_page
def test_no_block_hides_from_these_tests(name: str) -> None:
    assert not re.search(r"^[ \t]+```|^~~~", read(name), re.M), "begin fences at the margin, with backticks"


# --- links ------------------------------------------------------------------------------------------------------------


@every_page
def test_links_and_anchors_lead_somewhere(name: str) -> None:
    dead = [target for target in links(name) if not leads_somewhere(target, ROOT / name)]
    assert not dead


def links(name: str) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
        if not re.match(r"[a-z]+:", target):
            yield target


def leads_somewhere(target: str, page: Path) -> bool:
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    if not there.exists() or not there.is_relative_to(ROOT):
        return False
    return not anchor or anchor in anchors(there)


def anchors(page: Path) -> set[str]:
    """GitHub's slugs of the headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@every_page
def test_no_page_holds_a_path_of_one_machine(name: str) -> None:
    assert not re.search(r"(?<![\w.])/(home|work|root|tmp|Users)/", read(name))


def test_every_page_can_be_reached_from_the_readme() -> None:
    """A link to a folder leads to all of its pages."""
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page.is_dir():
            ahead += page.glob("*.md")
        elif page.suffix == ".md" and page not in seen:
            seen.add(page)
            targets = links(page.relative_to(ROOT).as_posix())
            ahead += [(page.parent / target.partition("#")[0]).resolve() for target in targets if target[0] != "#"]
    assert set(PAGES) <= seen


@pytest.mark.parametrize("picture", sorted((DOCS / "pictures").glob("*")), ids=lambda p: p.name)
def test_pictures_are_light(picture: Path) -> None:
    assert picture.stat().st_size < 300_000


# --- reference --------------------------------------------------------------------------------------------------------


def rows(name: str, heading: str = "", *, alone: bool = False) -> list[list[str]]:
    """The cells of the tables under a heading (of the whole page without one), without header rows; `alone`: without those
    under headings below it."""
    text = prose(name)
    if heading:
        text = text.partition(f"\n{heading}\n")[2]
        text = re.split(rf"^#{{1,{6 if alone else heading.index(' ')}}} ", text, maxsplit=1, flags=re.M)[0]
    lines = text.splitlines()
    tables = [i for i, line in enumerate(lines) if re.fullmatch(r"\|[-| :]+\|", line)]
    skipped = {i - 1 for i in tables} | set(tables)
    kept = [line for i, line in enumerate(lines) if line.startswith("|") and i not in skipped]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in kept]


def keys_of(section: type) -> dict[str, str]:
    """key -> default as TOML would write it."""
    if is_dataclass(section):
        return {f.name: "required" if f.default is MISSING else toml(f.default) for f in fields(section)}
    known: dict[str, Any] = section.model_fields  # type: ignore[attr-defined]
    return {key: "required" if one.is_required() else toml(one.default) for key, one in known.items()}


def toml(value: object) -> str:
    assert value is not MISSING
    if isinstance(value, Path):
        packaged = value.is_relative_to(DEFAULT.parent)
        return f'"{value.relative_to(DEFAULT.parents[1]) if packaged else value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if is_dataclass(value):
        return NESTED[type(value)]  # type: ignore[index]
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


NESTED = {HoldoutPolicy: "[care.holdout]", LawfulBasis: "[[care.lawful_basis]]", Offer: "[[care.offers]]"}
KINDS_SHOWN: dict[str, Any] = {"receivers": CloudEventsSettings, "feeds": FolderSettings}
"""Section of several entries -> the kind whose keys its page shows."""
SECTIONS = {
    f"## [[{name}]]" if name in KINDS_SHOWN else f"## [{name}]": KINDS_SHOWN.get(name, field.annotation)
    for name, field in Settings.model_fields.items()
} | {f"### {name}": section for section, name in NESTED.items()}


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_key_of_the_configuration_is_documented_with_its_default(heading: str) -> None:
    own = rows("docs/reference/configuration.md", heading, alone=True)
    assert {row[0].strip("`"): row[1].strip("`") for row in own} == keys_of(SECTIONS[heading])
    assert all(len(row) == 3 and row[2] for row in own)


def test_the_packaged_configuration_has_the_defaults_of_the_code() -> None:
    assert load() == Settings()


def test_every_command_and_option_is_documented() -> None:
    page = "docs/reference/commands.md"
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    documented = set(re.findall(r"^## precall (\w+)$", read(page), re.M))
    assert documented == set(known)
    for name, command in known.items():
        options = {max(p.opts, key=len) if p.param_type_name == "option" else p.name.upper() for p in command.params}
        assert {row[0].strip("`").split()[0] for row in rows(page, f"## precall {name}")} == options - {"--help"}, name


def test_every_target_of_the_makefile_is_documented() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.M))
    assert {row[0].strip("`").split()[-1] for row in rows("docs/reference/commands.md", "## make")} == targets


def test_every_finding_is_documented() -> None:
    code = "".join(path.read_text(encoding="utf-8") for part in ("detector", "jobs") for path in (ROOT / part).rglob("*.py"))
    given = set(re.findall(r"findings\.add\(\s*\"(\w+)\"", code))
    given |= set(re.findall(r"\"(\w+)\" if kinds\[c\] == \"cumulative\" else \"(\w+)\"", code)[0])
    given |= {name for pair in re.findall(r"code = \"(\w+)\" if either else \"(\w+)\"", code) for name in pair}
    given |= set(re.findall(r"for code, wrong in \(\(\"(\w+)\", \w+\), \(\"(\w+)\"", code)[0])
    assert {row[0].strip("`") for row in rows("docs/reference/findings.md")} == given


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("degradations.csv", output_files.DEGRADATION_COLUMNS),
        ("incidents.csv", output_files.INCIDENT_COLUMNS),
        ("affected.csv", output_files.AFFECTED_COLUMNS),
    ],
)
def test_every_column_of_a_backtest_is_documented(file: str, columns: tuple[str, ...]) -> None:
    assert [row[0].strip("`") for row in rows("docs/reference/outputs.md", f"### {file}")] == list(columns)


def test_every_name_in_an_alerts_body_is_documented() -> None:
    care = ("compose", "service_problem", "impact_part")
    composed = (*(f"detector/care/{name}.py" for name in care), "jobs/assess/notify.py")
    code = "".join((ROOT / name).read_text(encoding="utf-8") for name in composed)
    given = set(re.findall(r"\"([a-z]+(?:[A-Z][A-Za-z]*)+)\"", code))
    assert {"statusChangeReason", "leadTimeS"} <= given
    assert [name for name in sorted(given) if f"`{name}`" not in read("docs/reference/outputs.md")] == []


def test_every_column_that_the_simulator_writes_is_documented(tmp_path: Path) -> None:
    from detector.simulator import Scenario, simulate

    simulate(tmp_path, Scenario(cells=6, days=1, seed=1))
    page = read("docs/reference/files.md")
    files = sorted(tmp_path.glob("*.csv"))
    assert len(files) >= 10
    for file in files:
        with file.open(encoding="utf-8") as table:
            header = next(table).strip().split(",")
        documented = re.search(rf"^\| `{file.name}`.*$", page, re.M)
        assert documented, f"{file.name} has no row"
        assert [c for c in header if f"`{c}`" not in documented[0]] == [], file.name


def test_what_is_called_unused_is_read_by_nothing() -> None:
    """The last column of a table in files.md names columns that no reader asks for; sets that only say what type a column of
    the contract has ask for none."""
    readers = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "detector/sources").glob("*.py"))
    readers = re.sub(r"frozenset\(\s*\[.*?\]\s*\)", "", readers, flags=re.S)
    documented = [(row[0], column) for row in rows("docs/reference/files.md") for column in re.findall(r"`(\w+)`", row[-1])]
    assert ("`cells.csv`", "plmn") in documented
    # `name` of accounts is one of calendars, too
    unused = [(file, column) for file, column in documented if column != "name"]
    assert [one for one in unused if f'"{one[1]}"' in readers] == []


def test_every_dependency_is_explained() -> None:
    asked = tomllib.loads(read("pyproject.toml"))["project"]["dependencies"]
    documented = ", ".join(row[0].partition(" (")[0] for row in rows("docs/explanation/dependencies.md")).split(", ")
    assert set(documented) == {re.split(r"[><=; ]", one)[0] for one in asked}


BEGIN, END = "<!-- generated from config/kpis.toml -->\n", "<!-- end -->"


def kpi_table() -> str:
    head = ["| id | title | kind | better | floor | technology | clause |", "|---|---|---|---|---|---|---|"]
    return "\n".join([*head, *map(kpi_row, read_catalogue(DEFAULT.parent / "kpis.toml").kpis)]) + "\n"


def kpi_row(kpi: Kpi) -> str:
    floor = f"{kpi.floor:g}" if kpi.scored else ""
    better = {"up": "more", "down": "less", "none": "context"}[kpi.direction]
    return f"| `{kpi.id}` | {kpi.title} | {kpi.kind} | {better} | {floor} | {kpi.technology} | {kpi.clause} |"


def test_the_kpi_table_is_the_catalogues() -> None:
    documented = read("docs/reference/kpis.md").partition(BEGIN)[2].partition(END)[0]
    assert documented == kpi_table(), "write it anew: .venv/bin/python -m tests.acceptance.test_docs"


if __name__ == "__main__":
    page = DOCS / "reference/kpis.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(before + BEGIN + kpi_table() + END + rest.partition(END)[2], encoding="utf-8")


def test_each_promise_names_a_test_that_there_is():
    text = (DOCS / "explanation/promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[^`:]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 40
    for path, name in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in source, f"{path}::{name}"
