"""The wheel, installed into an empty environment, does its work outside of the checkout."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOUND_S = 600
"""Each command takes some seconds; this ends one that hangs."""


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command with nothing of this checkout on its paths."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PRECALL_", "VIRTUAL_ENV"))}
    return subprocess.run(
        [str(word) for word in words], cwd=cwd, env=kept, capture_output=True, text=True, timeout=BOUND_S, check=False
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment: the wheel alone, and by a `.pth` the packages that it depends on, which need no network."""
    root = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", root, cwd=ROOT)
    (wheel,) = root.glob("*.whl")
    assert built.returncode == 0, built.stderr
    run(sys.executable, "-m", "venv", "--without-pip", root / "env", cwd=root)
    python = root / "env" / "bin" / "python"
    done = run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel, cwd=root)
    assert done.returncode == 0, done.stderr
    (packages,) = (root / "env" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return root / "env" / "bin"


def test_the_packages_and_the_data_come_from_the_wheel(installed: Path, tmp_path: Path):
    asked = (
        "import detector, jobs; from detector.config_files import config_file as c; print(detector.__file__, jobs.__file__)"
    )
    asked += "; print(*map(c, ('kpis.toml', 'precall.toml', 'rules.toml', 'words.toml')))"
    done = run(installed / "python", "-c", asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    paths = [Path(path) for path in done.stdout.split()]
    assert len(paths) == 6
    assert all(path.is_relative_to(installed.parent) and path.is_file() for path in paths), paths
    assert not list(installed.parent.glob("lib/python*/site-packages/config"))


def test_check_and_a_small_backtest(installed: Path, tmp_path: Path):
    precall, operator = installed / "precall", tmp_path / "operator"
    begun = ("--start", "2026-03-02T00:00Z")
    done = run(precall, "simulate", operator, "--cells", "6", "--days", "3", *begun, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    settings = tmp_path / "my.toml"
    settings.write_text(
        f'[sources]\nkind = "dataset"\npath = "{operator}"\n[storage]\npath = "{tmp_path / "var"}"\n[web]\nport = 0\n',
        encoding="utf-8",
    )
    checked = run(precall, "check", "--config", settings, cwd=tmp_path)
    assert checked.returncode == 1
    assert checked.stdout.splitlines()[-2:] == [
        "receivers: none configured; alerts are stored and sent to nobody",
        "1 to mend",
    ], checked.stdout + checked.stderr
    out = tmp_path / "out"
    window = ("--from", "2026-03-04T00:00Z", "--to", "2026-03-04T02:00Z")
    done = run(precall, "backtest", operator, *window, "--out", out, "--config", settings, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (out / "degradations.csv").read_text(encoding="utf-8").startswith("degradation_id,")
    assert {"incidents.csv", "affected.csv", "alerts.jsonl", "summary.json", "report.html"} <= {
        path.name for path in out.iterdir()
    }
