"""Nothing prints a traceback: every command, option, argument and environment variable with values that nobody means, and
terminals of every kind. Options and settings are found by looking, so that a new one is tried by itself.

Values are drawn with fixed seeds. `make fuzz` (FUZZ=all) tries every value at every place; without it each place gets a few.
"""

import functools
import io
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

import pytest

from detector.domain.errors import Misconfigured
from detector.settings import Settings, load
from detector.settings.bounds import bounds_of
from jobs import cli as terminal
from jobs.cli import app
from tests.acceptance.odd_values import ODD, Parameter, line_of, parameters, settings_keys, variable, write_place

ALL = os.environ.get("FUZZ", "") == "all"
FEW = len(ODD) if ALL else 1
PATIENCE_S = 300
PLACES = [one for own in parameters().values() for one in own if one.name not in ("demo", "help")]
"""Without the demonstration, which plays a day, and the help, which has a test of its own."""
KEYS = list(settings_keys())
HELD = tuple(value for value in ODD if "\x00" not in value and "\ud800" not in value)
"""What an environment can hold."""


@dataclass(frozen=True)
class Ran:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str

    def is_sound(self, *, case: object) -> None:
        said = f"{case!r}\n{self.out[-1500:]}\n{self.err[-1500:]}"
        assert self.code in (0, 1, 2), said
        assert "Traceback" not in self.out + self.err, said
        assert terminal.UNFORESEEN not in self.err, said
        if self.code == 2:
            assert re.fullmatch(r"precall: \S.*; \S.*\n", self.err), f"one line that names the place and the mend\n{said}"


@pytest.fixture
def place(tmp_path, monkeypatch):
    write_place(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("detector.telemetry.configure_logs", lambda **_: None)  # it would keep this test's own stderr
    monkeypatch.setattr("jobs.signals.StopRequest.wait", lambda *_: True)  # time is not waited for
    return tmp_path


def run(words: list[str], monkeypatch) -> Ran:
    """`precall` with these words, in this process: without a terminal, nothing on standard input."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with monkeypatch.context() as held:
        held.setattr(sys, "argv", ["precall", *words])
        held.setattr(sys, "stdin", io.StringIO(""))
        held.setattr(sys, "stdout", out)
        held.setattr(sys, "stderr", err)
        code = terminal.run(app)
        for stream in (out, err):
            stream.flush()
    return Ran(code, *(stream.buffer.getvalue().decode("utf-8") for stream in (out, err)))


def drawn(place: object, among: tuple[str, ...] = ODD) -> list[str]:
    """The same few values for this place at every run."""
    return random.Random(str(place)).sample(among, min(FEW, len(among)))


@pytest.mark.parametrize("command", parameters())
def test_every_command_and_its_help(command, place, monkeypatch):
    ran = run([command, "--help"], monkeypatch)
    assert ran.code == 0
    ran.is_sound(case=command)
    run(line_of(command), monkeypatch).is_sound(case=command)
    bare = (
        run([command], monkeypatch) if command not in ("run", "check") else None
    )  # both would take this machine's own port
    if bare is not None:
        bare.is_sound(case=command)


@pytest.mark.parametrize("one", PLACES, ids=lambda one: f"{one.command} {one.option or one.name}")
def test_odd_words_at_every_option_and_argument(one: Parameter, place, monkeypatch):
    for value in [""] if one.flag else ["", *drawn(one)]:
        words = line_of(one.command, one, value)
        run(words, monkeypatch).is_sound(case=words)


def test_several_odd_words_at_once(place, monkeypatch):
    rng = random.Random(9)
    commands = [
        command for command in parameters() if command not in ("run", "simulate")
    ]  # neither is short without options
    for _ in range(2000 if ALL else 20):
        words = [rng.choice(commands), *(rng.choice(ODD) for _ in range(rng.randint(1, 4)))]
        if "--help" not in words:
            run(words, monkeypatch).is_sound(case=words)


@pytest.mark.parametrize("key", KEYS, ids=variable)
def test_odd_values_of_every_variable(key, place, monkeypatch):
    """Taken, or refused in one line that names the variable."""
    name = variable(key)
    for value in random.Random(name).sample(HELD, len(HELD) if ALL else 6):
        with monkeypatch.context() as held:
            held.setenv(name, value)
            try:
                load(Path("my.toml"))
            except Misconfigured as refused:
                message = str(refused)
            else:
                continue
        assert "\n" not in message, (name, value)
        assert name in message or "rules" in name.lower() or "my.toml: receivers" in message, (name, value, message)
        assert refused_with_mend(message), (name, value, message)


def refused_with_mend(message: str) -> bool:
    return re.fullmatch(r"\S.*; \S.*", message) is not None


@pytest.mark.parametrize("key", KEYS if ALL else random.Random(9).sample(KEYS, 8), ids=variable)
def test_what_check_takes_run_can_start_with(key, place, monkeypatch):
    """Of each variable the odd values that are taken: where `check` finds the configuration in order, the service starts."""
    name = variable(key)
    taken = []
    for value in random.Random(name).sample(HELD, len(HELD)):
        with monkeypatch.context() as held:
            held.setenv(name, value)
            try:
                load(Path("my.toml"))
                taken.append(value)
            except Misconfigured:
                continue
    for value in taken if ALL else taken[:1]:
        with monkeypatch.context() as held:
            held.setenv(name, value)
            checked, started = (
                run([*words, "--config", "my.toml"], monkeypatch) for words in (["check"], ["run", "--for", "0"])
            )
        checked.is_sound(case=(name, value))
        started.is_sound(case=(name, value))
        in_order = all(line.startswith("receiver") or line.endswith("to mend") for line in checked.out.splitlines())
        if checked.code in (0, 1) and in_order:
            assert started.code == 0, (name, value, checked, started)


@pytest.mark.parametrize("end", [0, 1], ids=["least", "most"])
def test_with_every_number_at_its_bound_the_service_starts(end, place, monkeypatch):
    """All at once; `make fuzz` tries each alone."""
    numbers = list(numbers_of(Settings()))
    assert len(numbers) > 50
    alone = [[one] for one in numbers] if ALL else []
    for chosen in (numbers, *alone):
        with monkeypatch.context() as held:
            for key, whole in chosen:
                value = bounds_of(key[-1])[end]
                if key[-1] in ("share", "port", "cells"):  # of its own bound; taken ports; a large simulated operator
                    continue
                held.setenv(variable(key), str(round(value) if whole else value))
            for words in (
                ["check"],
                ["run", "--for", "0"],
                *(["job", name] for name in ("pull", "learn", "detect", "prune")),
            ):
                ran = run([*words, "--config", "my.toml"], monkeypatch)
                ran.is_sound(case=(words, chosen))
                assert ran.code == 0 or (words == ["check"] and ran.code == 1), (words, chosen, ran)


@pytest.mark.parametrize("end", [0, 1], ids=["below the least", "above the most"])
def test_beyond_its_bound_every_number_is_refused(end, place, monkeypatch):
    for key, whole in numbers_of(Settings()):
        bound = bounds_of(key[-1])[end]
        beyond = bound + (1 if end else -1)
        with monkeypatch.context() as held:
            held.setenv(variable(key), str(round(beyond) if whole else beyond))
            with pytest.raises(Misconfigured, match=variable(key)):
                load(Path("my.toml"))


def numbers_of(settings: Settings) -> Iterator[tuple[tuple[str, ...], bool]]:
    """(key, is it a whole number) of every number that has a default."""
    for key in KEYS:
        found = functools.reduce(lambda at, name: getattr(at, name), key, settings)
        if isinstance(found, int | float) and not isinstance(found, bool):
            yield key, isinstance(found, int) and annotation_of(settings, key) is int


def annotation_of(settings: Settings, key: tuple[str, ...]) -> object:
    owner = functools.reduce(lambda at, name: getattr(at, name), key[:-1], settings)
    return get_type_hints(type(owner))[key[-1]]


def test_a_section_that_is_not_known_is_not_passed_over(place, monkeypatch):
    monkeypatch.setenv("PRECALL_STORGE__PATH", "elsewhere")
    ran = run(["incidents", "--config", "my.toml"], monkeypatch)
    assert (ran.code, ran.err) == (
        2,
        "precall: environment: PRECALL_STORGE__PATH: no section 'storge'; did you mean PRECALL_STORAGE__...?\n",
    )


def test_what_kubernetes_puts_beside_a_service_of_this_name_is_no_setting(place, monkeypatch):
    for name, value in {"PRECALL_PORT": "tcp://10.0.0.1:80", "PRECALL_SERVICE_HOST": "10.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    assert run(["incidents", "--config", "my.toml"], monkeypatch).code == 0


FILES = {
    "my.toml": b"\xef\xbb\xbf[web\n",
    "inbox/operator.toml": b"\xff\xfe[\x00w",
    "inbox/cells.csv": b"\x00\x01\x02",
    "var/keys.json": b"{",
    "var/daemon.json": b"\xff",
    "var/precall.db": b"no database at all" * 100,
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("folder", [False, True], ids=["damaged", "a folder instead"])
def test_a_damaged_file_is_reported_by_every_command_that_reads_it(name, folder, place, monkeypatch):
    path = place / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if folder:
        path.mkdir()
    else:
        path.write_bytes(FILES[name])
    for words in (["check"], ["incidents"], *([["job", "pull"], ["lookup", "49"], ["run", "--for", "0"]] if ALL else [])):
        run([*words, "--config", "my.toml"], monkeypatch).is_sound(case=words)


# --- terminals: each in a process of its own ------------------------------------------------------------------------

PRECALL = f"{sys.executable} -c 'from jobs.cli import main; main()'"
ROOT = Path(__file__).parents[2]
COMMANDS = ["incidents", "findings", "check", "rules list", "deliveries --json", "--help"] if ALL else ["--help"]
TERMINALS = {
    "latin-1": "PYTHONIOENCODING=latin-1 {}",
    "ascii": "PYTHONIOENCODING=ascii {}",
    "a C locale": "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 {}",
    "40 columns, dumb, no colour": "COLUMNS=40 TERM=dumb NO_COLOR=1 {}",
    "a reader who leaves": "{} | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}",
    "nobody reads": "{} >&- 2>&- <&-",
    "errors to nobody": "{} --nonsense 2>&-",
    "a full disk": "{} >/dev/full",
    "no home": "env -u HOME {}",
    "a working directory that is gone": "mkdir gone && cd gone && rmdir ../gone && {}",
    "bytes that are no text": "{} $'\\xff\\xfe'",
}


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("how", TERMINALS)
def test_terminals_of_every_kind(how, words, tmp_path):
    write_place(tmp_path)
    (tmp_path / "inbox" / "cells.csv").write_text(
        "cell_id,technology\n\u041a\u0430\u0437\u0430\u043d\u044c,LTE\n", encoding="utf-8"
    )
    config = "" if words == "--help" else f" --config {tmp_path}/my.toml"
    line = TERMINALS[how].format(f"{PRECALL} {words}{config}")
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode in (0, 1, 2), said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert terminal.UNFORESEEN not in said
