"""Secrets stand in files or in the environment, never in what is shared: settings, samples, documentation, git."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from detector.domain.errors import Misconfigured
from detector.settings import load

ROOT = Path(__file__).parents[2]
RECEIVER = "[[receivers]]\nname = 'a'\nurl = 'https://a.example'\n"


def written(root: Path, text: str) -> Path:
    path = root / "my.toml"
    path.write_text(text, encoding="utf-8")
    return path


def secret(root: Path, text: str | bytes) -> Path:
    path = root / "secret"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("section", "key", "text", "value"),
    [
        ("web", "token", "a-token-of-this-test\n", "a-token-of-this-test"),
        ("web", "token", "\ufeff# made on Monday\n\n  a-token-of-this-test  \r\n", "a-token-of-this-test"),
        ("storage", "database", "postgresql://me:word@db/precall", "postgresql://me:word@db/precall"),
        ("storage", "identity_key", "ab12", "ab12"),
        ("storage", "vault_key", "k", "k"),
        ("storage", "previous_vault_keys", "k1\nk2\n", ("k1", "k2")),
        ("storage", "previous_identity_keys", "1 ab12\n2  cd34\n", ((1, "ab12"), (2, "cd34"))),
    ],
)
def test_a_secret_is_read_from_the_file_that_the_settings_name(tmp_path, section, key, text, value):
    file = secret(tmp_path, text)
    found = load(written(tmp_path, f"[{section}]\n{key}_file = '{file}'\n"))
    assert getattr(getattr(found, section), key) == value
    assert "word" not in repr(found)


def test_a_receivers_secrets_are_read_from_its_file(tmp_path):
    file = secret(tmp_path, "whsec_new\nwhsec_old\n")
    (found,) = load(written(tmp_path, f"{RECEIVER}secrets_file = '{file}'\n")).receivers
    assert found.secrets == ("whsec_new", "whsec_old")
    assert "whsec" not in repr(found)


WRONG = {
    "gone": ("[web]\ntoken_file = '{file}.gone'\n", "x", "web.token_file", "No such file"),
    "folder": ("[web]\ntoken_file = '{folder}'\n", "x", "web.token_file", "directory"),
    "empty": ("[web]\ntoken_file = '{file}'\n", "\n# nothing\n", "web.token_file", "no secret in it"),
    "two lines": ("[web]\ntoken_file = '{file}'\n", "hidden1\nhidden2\n", "web.token_file", "2 lines"),
    "no text": ("[web]\ntoken_file = '{file}'\n", b"\xff\xfe\x00hidden", "web.token_file", "no text"),
    "large": ("[web]\ntoken_file = '{file}'\n", "hidden" * 20_000, "web.token_file", "too large"),
    "no version": (
        "[storage]\nprevious_identity_keys_file = '{file}'\n",
        "hidden",
        "previous_identity_keys_file",
        "version",
    ),
    "twice": ("[web]\ntoken = 'hidden'\ntoken_file = '{file}'\n", "hidden", "web", "token and token_file"),
    "receiver gone": (RECEIVER + "secrets_file = '{file}.gone'\n", "x", "receivers.0.secrets_file", "No such file"),
    "receiver twice": (
        RECEIVER + "secrets = ['hidden']\nsecrets_file = '{file}'\n",
        "hidden",
        "receivers.0",
        "secrets_file",
    ),
    "receiver without": (RECEIVER, "x", "receivers.0", "no secrets"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_cannot_be_used_is_one_line_that_repeats_no_secret(tmp_path, case):
    text, content, where, says = WRONG[case]
    file = secret(tmp_path, content)
    with pytest.raises(Misconfigured) as caught:
        load(written(tmp_path, text.replace("{file}", str(file)).replace("{folder}", str(tmp_path))))
    message = str(caught.value)
    assert where in message
    assert says in message
    assert "hidden" not in message
    assert "\n" not in message
    assert caught.value.mend


@pytest.mark.parametrize(
    ("names", "value"),
    [
        ({"PRECALL_WEB__TOKEN": "from-the-environment"}, "from-the-environment"),
        ({"PRECALL_WEB__TOKEN_FILE": "{other}"}, "from-another-file"),
        ({"PRECALL_WEB__TOKEN": "from-the-environment", "PRECALL_WEB__TOKEN_FILE": "{other}"}, "from-the-environment"),
    ],
)
@pytest.mark.parametrize("written_as", ["token_file = '{file}'", "token = 'from-the-settings'"])
def test_the_environment_wins_over_the_file_whichever_way_either_gives_it(tmp_path, monkeypatch, names, value, written_as):
    file, other = secret(tmp_path, "from-a-file"), tmp_path / "other"
    other.write_text("from-another-file")
    for name, given in names.items():
        monkeypatch.setenv(name, given.replace("{other}", str(other)))
    assert load(written(tmp_path, f"[web]\n{written_as.replace('{file}', str(file))}\n")).web.token == value


def test_a_receiver_of_the_environment_names_a_file_too(tmp_path, monkeypatch):
    given = [{"name": "a", "url": "https://a.example", "secrets_file": str(secret(tmp_path, "whsec_x"))}]
    monkeypatch.setenv("PRECALL_RECEIVERS", json.dumps(given))
    assert load(written(tmp_path, "")).receivers[0].secrets == ("whsec_x",)


# --- what is shared ------------------------------------------------------------------------------------------------------

INLINE = re.compile(
    r"""(?mx)^[ \t]*(?:secrets|token|identity_key|vault_key|previous_\w+_keys|password|\w*api_?key)[ \t]*=
    [ \t]*\[?[ \t]*["'\[] | whsec_[A-Za-z0-9+/=]{4,} | ://[^\s/:@"']+:(?!\.\.\.)[^\s/@"']+@ | secrets[ ]=[ ]\["""
)
SHARED = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", *(ROOT / "config").glob("*.toml")]


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_and_no_sample_holds_a_secret_or_shows_one_in_a_settings_file(path):
    text = re.sub(r"(?m)^# ", "", path.read_text(encoding="utf-8"))
    assert [found[0] for found in INLINE.finditer(text)] == []


@pytest.mark.parametrize(
    "line",
    [
        'secrets = ["$secret"]',
        "secrets = ['whsec_abcd']",
        'token = "abc"',
        '  identity_key = "9f"',
        "postgresql://me:word@db/x",
        'previous_identity_keys = [[1, "60"]]',
        "Webhook('whsec_c2VjcmV0')",
    ],
)
def test_the_search_finds_what_it_looks_for(line):
    assert INLINE.search(line)


IGNORED = (
    "my.toml",
    "production.toml",
    "my-network.toml",
    "out/desk.toml",
    "deploy/my.toml",
    "config/my.toml",
    "site.local.toml",
    "keys.json",
    "var/keys.json",
    "backup/keys.json",
    "secrets/consumer-care",
    "deploy/secrets/token",
    ".env",
)
TRACKED = (
    "pyproject.toml",
    "config/precall.toml",
    "config/kpis.toml",
    "config/words.toml",
    "config/rules.toml",
    "README.md",
)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not there")
def test_git_ignores_an_operators_settings_and_secrets_and_nothing_of_ours(tmp_path):
    shutil.copy(ROOT / ".gitignore", tmp_path / ".gitignore")
    subprocess.run(["git", "init", "-q", tmp_path], check=True, timeout=60)
    asked = ["git", "-C", str(tmp_path), "check-ignore", "--no-index", *IGNORED, *TRACKED]
    message = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False).stdout.split()
    assert message == list(IGNORED)
