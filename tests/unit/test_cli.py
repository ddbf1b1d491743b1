"""The command line: an example in every help, exit codes that mean something, and errors of one line."""

import ast
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
from typer.main import get_command

from jobs.cli import COMMANDS, app, main


class Ran:
    """What a command printed and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def precall(tmp_path, monkeypatch, capsys):
    """Runs `precall ...` in an empty folder whose my.toml keeps everything inside it."""
    (tmp_path / "my.toml").write_text('[sources]\npath = "inbox"\n[web]\nport = 0\n[storage]\npath = "var"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("detector.telemetry.configure_logs", lambda **_: None)  # it would keep this test's own stderr
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["precall", *words])
        with pytest.raises(SystemExit) as done:
            main()
        printed = capsys.readouterr()
        return Ran(int(done.value.code or 0), printed.out, printed.err)

    return run


def test_the_commands_are_those_of_the_contract():
    assert set(get_command(app).commands) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example_that_parses(command, precall):
    shown = precall(command, "--help")
    assert shown.code == 0
    (example,) = [line.strip(" │") for line in shown.out.splitlines() if "Example:" in line]
    words = example.replace("`", "").removeprefix("Example: precall ").split()
    assert words[0] == command
    get_command(app).commands[command].make_context(command, words[1:])


def test_help_needs_none_of_the_heavy_libraries():
    heavy = "scipy duckdb sqlalchemy numpy lxml fastapi pydantic apscheduler cryptography httpx2"
    code = (
        "import sys; sys.argv = ['precall', '--help']\n"
        "from jobs.cli import main\n"
        "try: main()\n"
        f"except SystemExit: print([m for m in '{heavy}'.split() if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr == "[]\n"
    assert "Usage: precall" in done.stdout


HEAVY = [
    "scipy",
    "duckdb",
    "sqlalchemy",
    "numpy",
    "lxml",
    "fastapi",
    "pydantic",
    "apscheduler",
    "cryptography",
    "httpx2",
    "alembic",
    "structlog",
    "prometheus_client",
    "holidays",
    "statsmodels",
    "pyod",
    "sklearn",
    "numba",
    "uvicorn",
    "standardwebhooks",
    "vader",
    "scipy.special",
    "scipy.stats",
    "jinja2",
    "psycopg",
]
READS = {"pydantic", "sqlalchemy"}
STAGES = READS | {"numpy", "scipy"}
MAY_IMPORT = {
    ("incidents",): READS,
    ("findings",): READS,
    ("deliveries",): READS,
    ("redrive",): READS,
    ("lookup", "49171"): READS,
    ("report",): STAGES,
    ("report", "planning"): STAGES,
    ("report", "chronic"): STAGES,
    ("report", "capacity"): STAGES,
    ("rules", "list"): STAGES,
    ("rules", "try"): STAGES,
    ("explain", "49171"): STAGES | {"duckdb"},
}
"""What each command may import of HEAVY: processor time that can be counted, on any machine. `scipy` is its empty shell."""


def imported(root, *words):
    """What of HEAVY the command imports, in a process of its own over the store of the folder `root`."""
    code = (
        "import sys; sys.argv = ['precall', *sys.argv[1:]]\n"
        "from jobs.cli import main\n"
        f"try: main()\nexcept SystemExit: print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    run = [sys.executable, "-c", code, *words, "--config", "my.toml"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=600, cwd=root)
    return set(ast.literal_eval(done.stderr.splitlines()[-1]))


@pytest.fixture(scope="module")
def store_there(tmp_path_factory):
    """A folder in which a first command has made the store."""
    root = tmp_path_factory.mktemp("there")
    (root / "my.toml").write_text('[sources]\npath = "inbox"\n[storage]\npath = "var"\n')
    imported(root, "incidents")
    return root


@pytest.mark.parametrize("words", MAY_IMPORT, ids=" ".join)
def test_a_command_imports_only_what_it_uses(words, store_there, tmp_path):
    copytree(store_there, tmp_path, dirs_exist_ok=True)
    assert imported(tmp_path, *words) - MAY_IMPORT[words] == set()


QUIET = {
    ("job", "pull"): "pull: 0 files, 0 ticks, 0 set aside",
    ("job", "detect"): "detect: 0 ticks decided, 0 incidents open",
    ("job", "assess"): "assess: 0 alerts composed",
    ("job", "push"): "push: nothing due",
    ("job", "learn"): "learn: 0 baselines fitted",
    ("job", "prune"): "prune: nothing is older than it may be",
    ("lookup", "49171"): "care may not contact: gave no consent",
    ("incidents",): "no incidents",
    ("incidents", "--json"): "[]",
    ("deliveries",): "no deliveries",
    ("deliveries", "--json"): "[]",
    ("redrive",): "0 made due again",
    ("rules", "try"): "5 rules are well; nobody is listed now; name an incident that is over",
}


@pytest.mark.parametrize("words", QUIET, ids=" ".join)
def test_over_an_empty_folder_every_command_reports_that_there_is_nothing(words, precall):
    ran = precall(*words, "--config", "my.toml")
    assert (ran.code, ran.out.splitlines()[-1], ran.err) == (0, QUIET[words], "")


def test_check_names_what_is_to_be_mended_and_ends_with_1(precall):
    ran = precall("check", "--config", "my.toml")
    assert ran.code == 1
    assert "cells.csv" in ran.out
    assert "receivers: none configured" in ran.out
    assert ran.out.splitlines()[-1] == "2 to mend"


def test_check_of_a_complete_service_ends_with_0(precall, tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "cells.csv").write_text("cell_id,technology\nc1,LTE\n")
    (tmp_path / "inbox" / "counters").mkdir()
    header, row = "object_id,start,duration_s,RRC.ConnEstabAtt,RRC.ConnEstabSucc", "c1,2026-03-24T08:00Z,900,240,238"
    (tmp_path / "inbox" / "counters" / "1.csv").write_text(f"{header}\n{row}\n")
    receiver = '[[receivers]]\nname = "desk"\nurl = "https://127.0.0.1/hook"\nsecrets = ["whsec_' + "A" * 32 + '"]\n'
    (tmp_path / "my.toml").write_text((tmp_path / "my.toml").read_text() + receiver)
    ran = precall("check", "--config", "my.toml")
    assert (ran.code, ran.out) == (0, "all well\n")


PLACES = {
    '[storage]\ndatabase = "foo://x"\n': "storage.database: unusable URL",
    '[storage]\ndatabase = "sqlite:////proc/none/x.db"\n': "storage: /proc/none/x.db: No such file or directory",
    '[sources]\npath = "/proc/none"\n': "sources.path: /proc/none: No such file or directory",
    '[storage]\npath = "/proc/none"\n': "/proc/none/keys.json",
}


@pytest.mark.parametrize("config", PLACES)
def test_a_place_that_cannot_be_used_is_named_and_ends_with_2(config, precall, tmp_path):
    (tmp_path / "my.toml").write_text(config)
    ran = precall("job", "pull", "--config", "my.toml")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert PLACES[config] in ran.err


WRONG = {
    ("job", "dance", "--config", "my.toml"): "no job 'dance'; one of pull, detect",
    ("job", "pull", "--config", "gone.toml"): "gone.toml: No such file or directory; give --config an existing file",
    ("backtest", "nowhere", "--out", "out"): "nowhere: no such folder",
    ("backtest", ".", "--out", "out"): "no counters",
    ("backtest", ".", "--out", "out", "--from", "monday"): "--from: 'monday' is no time; write it as 2026-03-24T06:00Z",
    ("simulate", "out", "--start", "soon"): "--start: 'soon' is no time",
    ("simulate", "out", "--format", "pdf"): "--format: not 'pdf'; one of csv, xml",
    ("simulate", "out", "--days", "0"): "Invalid value for '--days'",
    ("simulate", "out", "--start", "0001-01-01T00:00+14:00"): "is out of range; a time from 1970 to 2099",
    ("run", "--for", "ever"): "Invalid value for '--for'",
    ("run", "--for", "nan", "--config", "my.toml"): "--for: no time to run (nan); seconds, from 0 to",
    ("run", "--for", "-1", "--config", "my.toml"): "--for: no time to run (-1.0); seconds, from 0 to",
    ("lookup",): "Missing argument",
    ("bogus",): "No such command 'bogus'; see precall --help",
    ("incidents", "--state", "opened", "--config", "my.toml"): "not 'opened'; did you mean 'open'? one of open, resolved",
    ("incidents", "--state", "", "--config", "my.toml"): "--state: not ''; one of open, resolved, merged",
    ("incidents", "--limit", "-1", "--config", "my.toml"): "Invalid value for '--limit'",
    ("deliveries", "--state", "lost", "--config", "my.toml"): "one of held, pending, sent, dead, expired, withdrawn",
    ("redrive", "--receiver", "nobody", "--config", "my.toml"): "--receiver: not 'nobody'; one of (there are none)",
    ("report", "planning", "--by", "colour", "--config", "my.toml"): "--by: not 'colour'; one of all, region, tac",
    ("report", "planning", "--per", "year", "--config", "my.toml"): "--per: not 'year'; one of day, week, month",
    ("report", "planning", "--from", "2026-03-02", "--to", "2026-03-01", "--config", "my.toml"): "is not before 2026-03-01",
    ("backtest", ".", "--out", "out", "--arrival-delay", "-900"): "Invalid value for '--arrival-delay'",
    (
        "backtest",
        ".",
        "--out",
        "out",
        "--from",
        "2026-03-02",
        "--to",
        "2026-03-02",
    ): "--from, --to: 2026-03-02 is not before",
    ("backtest", ".", "--out", "my.toml"): "--out my.toml: File exists; name a folder that can be written",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_use_is_one_line_and_exit_code_2(words, precall):
    ran = precall(*words)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert WRONG[words] in ran.err


def test_trouble_that_may_pass_is_one_line_and_exit_code_1(precall, tmp_path):
    config = (tmp_path / "my.toml").read_text()
    (tmp_path / "my.toml").write_text(config + 'database = "postgresql://nobody@127.0.0.1:1/precall"\n')
    ran = precall("incidents", "--config", "my.toml")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("precall: database: ")


def test_a_damaged_database_is_one_line_and_exit_code_2(precall, tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "precall.db").write_bytes(b"no database at all" * 100)
    ran = precall("incidents", "--config", "my.toml")
    assert (ran.code, ran.err) == (2, "precall: storage.database: file is not a database; restore it from a backup\n")


@pytest.mark.parametrize("text", ["", "{}", "[]", "no json"])
def test_a_key_file_that_is_damaged_is_never_replaced_for_what_it_locked_would_be_lost(text, precall, tmp_path):
    (tmp_path / "var").mkdir()
    keys = tmp_path / "var" / "keys.json"
    keys.write_text(text)
    ran = precall("incidents", "--config", "my.toml")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert "restore the key file from your backup" in ran.err
    assert keys.read_text() == text


def test_the_keys_of_the_first_start_are_those_of_every_later_one(precall, tmp_path):
    precall("incidents", "--config", "my.toml")
    first = (tmp_path / "var" / "keys.json").read_text()
    precall("incidents", "--config", "my.toml")
    assert (tmp_path / "var" / "keys.json").read_text() == first
    assert [p.name for p in (tmp_path / "var").glob("*keys*")] == ["keys.json"]


def test_one_process_leaves_a_key_file_that_only_its_owner_may_read(precall, tmp_path):
    precall("incidents", "--config", "my.toml")
    assert Path(tmp_path / "var" / "keys.json").stat().st_mode & 0o077 == 0


def test_no_warning_of_a_library_reaches_the_terminal(tmp_path):
    """Whatever a command computes: the right figures come without a word of numpy's in between."""
    import subprocess

    code = (
        "import sys, warnings, numpy as np; from jobs import cli; import jobs.commands.tables as showing\n"
        "showing.show_findings = lambda *_: (warnings.warn('old'), str(np.log(np.zeros(1)) + np.mean([])))[1]\n"
        "cli.main()"
    )
    (tmp_path / "my.toml").write_text(f'[storage]\npath = "{tmp_path}/var"\n[sources]\npath = "{tmp_path}/in"\n')
    done = subprocess.run(
        [sys.executable, "-c", code, "findings", "--config", str(tmp_path / "my.toml")],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[nan]\n", "")
