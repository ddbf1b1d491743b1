"""`check` opens what `run` would open, and says all well only then."""

import json
import socket

import pytest

from detector.domain.errors import Misconfigured
from detector.listening import listen
from detector.settings import load
from jobs.check import check

GOOD_SECRET = "whsec_" + "A" * 32


def receiver(url: str, secret: str = GOOD_SECRET) -> str:
    return json.dumps([{"name": "a", "url": url, "secrets": [secret]}])


@pytest.fixture
def problems(tmp_path, monkeypatch):
    """What `check` says of a complete service whose settings are changed by these variables."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/cells.csv").write_text("cell_id,technology\nc1,LTE\n")
    (tmp_path / "inbox/counters").mkdir()
    header, row = "object_id,start,duration_s,RRC.ConnEstabAtt,RRC.ConnEstabSucc", "c1,2026-03-24T08:00Z,900,240,238"
    (tmp_path / "inbox/counters/1.csv").write_text(f"{header}\n{row}\n")
    (tmp_path / "my.toml").write_text(
        '[sources]\npath = "inbox"\n[storage]\npath = "var"\n[web]\nport = 0\n'
        f'[[receivers]]\nname = "desk"\nurl = "https://127.0.0.1/hook"\nsecrets = ["{GOOD_SECRET}"]\n'
    )

    def found(served: bool = False, **variables: str) -> list[str]:
        for name, value in variables.items():
            monkeypatch.setenv(f"PRECALL_{name}", value)
        return check(load(tmp_path / "my.toml"), served=served)

    return found


def test_a_complete_service_is_all_well(problems):
    assert problems() == []


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield str(held.getsockname()[1])


def test_a_port_that_is_taken_is_reported_unless_a_daemon_of_this_store_has_it(problems, taken):
    (message,) = problems(WEB__PORT=taken)
    assert message.startswith(f"web: 127.0.0.1:{taken}: cannot listen: the port is taken; ")
    assert problems(served=True) == []


WRONG = {
    ("WEB__HOST", "192.0.2.1"): "no address of this machine",
    ("WEB__HOST", "nobody.invalid"): "no address to listen on",
    ("WEB__HOST", "care..example"): "no address to listen on",
    ("WEB__TOKEN", "short"): "web.token",
    ("SOURCES__KPIS", "none.toml"): "none.toml: No such file or directory; name an existing KPI catalogue",
    ("SOURCES__KIND", "smoke"): "unknown kind 'smoke'",
    ("STORAGE__IDENTITY_KEY", "xyz"): "storage.identity_key: not hexadecimal",
    ("STORAGE__VAULT_KEY", "xyz"): "not a Fernet key",
    ("STORAGE__DATABASE", "mysql://a/b"): "storage.database",
    ("RECEIVERS", receiver("https://nobody.invalid/")): "receiver 'a': https://",
    ("RECEIVERS", receiver("https://care..example/")): "a label is empty",
    ("RECEIVERS", receiver("https://127.0.0.1/", "whsec_")): "receiver 'a': receivers: secrets",
    ("RECEIVERS", "[]"): "receivers: none configured",
}


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_would_stop_the_service_or_an_alert_is_one_line(name, value, problems):
    (message,) = problems(**{name: value})
    assert WRONG[name, value] in message
    assert "\n" not in message


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "0.0.0.0", "::"])
def test_it_listens_on_addresses_of_every_kind(host):
    try:
        listen(host, 0).close()
    except Misconfigured as error:
        if ":" not in host:
            raise
        pytest.skip(f"a machine without IPv6: {error}")


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 99_999), ("127.0.0.1", -1), ("a" * 64 + ".example", 0), ("\x00", 0)]
)
def test_no_address_is_an_unforeseen_error(host, port):
    with pytest.raises(Misconfigured):
        listen(host, port)
