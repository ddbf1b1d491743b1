"""The keys of a store: gone, replaced or readable by others is said in one line, and no pseudonym changes in silence."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from detector.app import wire
from detector.domain.errors import Misconfigured
from tests.acceptance.small_app import SmallApp, settings_of
from tests.acceptance.small_operator import AFFECTED, LIVE, write_operator


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has people, opened once by its owner."""
    root = tmp_path_factory.mktemp("filled")
    write_operator(root / "operator", since=LIVE - 3600)
    app = SmallApp(root=root)
    app.clock.at = LIVE
    app.jobs.run("pull")
    app.close()
    open_store(root)
    return root


@pytest.fixture
def root(filled: Path, tmp_path: Path) -> Path:
    shutil.copytree(filled, tmp_path / "root")
    return tmp_path / "root"


def open_store(root: Path, **storage: object) -> str:
    """As every command does; returns the pseudonym of a person."""
    app = wire(settings_of(root, storage={"path": root / "var"} | storage))
    try:
        assert app.store.root.is_dir()
        return app.pseudonymiser.subscriber(AFFECTED)
    finally:
        app.close()


def refused(root: Path, **storage: object) -> str:
    with pytest.raises(Misconfigured) as caught:
        open_store(root, **storage)
    line = str(caught.value)
    assert "\n" not in line
    return line


def held(root: Path) -> dict[str, str]:
    return dict(json.loads((root / "var/keys.json").read_text()))


def without_fingerprint(root: Path) -> None:
    with sqlite3.connect(root / "var/precall.db") as database:
        database.execute("DELETE FROM key_fingerprint")


def test_a_key_file_that_is_gone_beside_people_refuses_every_start_and_is_not_replaced(root):
    (root / "var/keys.json").unlink()
    line = refused(root)
    assert "it is gone" in line
    assert "restore the key file from your backup" in line
    assert not (root / "var/keys.json").exists()
    refused(root)


def test_a_key_file_that_was_replaced_is_refused_and_the_old_one_works_again(root):
    mine, old = open_store(root), (root / "var/keys.json").read_text()
    (root / "var/keys.json").write_text(json.dumps(held(root) | {"identity": "ab" * 32}))
    assert "another identity key" in refused(root)
    (root / "var/keys.json").write_text(old)
    assert open_store(root) == mine


def test_another_vault_key_is_refused(root):
    from cryptography.fernet import Fernet

    (root / "var/keys.json").write_text(json.dumps(held(root) | {"vault": Fernet.generate_key().decode()}))
    assert "another vault key" in refused(root)


def test_a_store_of_an_earlier_version_gets_its_fingerprint_and_refuses_keys_that_do_not_open_it(root):
    without_fingerprint(root)
    open_store(root)
    without_fingerprint(root)
    kept = held(root)
    (root / "var/keys.json").write_text(json.dumps(kept | {"identity": "cd" * 32}))
    assert "another identity key" in refused(root)
    without_fingerprint(root)
    (root / "var/keys.json").unlink()
    assert "it is gone" in refused(root)


def test_keys_change_by_version_and_the_old_one_may_go_afterwards(root):
    first = held(root)["identity"]
    new = {"identity_key": "ab" * 32, "identity_version": 2}
    assert "previous_identity_keys" in refused(root, **new)
    assert open_store(root, **new, previous_identity_keys=((1, first),)).startswith("sub_2_")
    assert open_store(root, **new).startswith("sub_2_")
    assert "version 2" in refused(root, identity_key="cd" * 32, identity_version=2)


def test_the_vault_key_changes_with_the_old_one_among_the_previous_ones(root):
    from cryptography.fernet import Fernet

    first, second = held(root)["vault"], Fernet.generate_key().decode()
    assert "previous_vault_keys" in refused(root, vault_key=second)
    open_store(root, vault_key=second, previous_vault_keys=(first,))
    open_store(root, vault_key=second)


def test_configured_keys_do_without_the_file(root):
    keys = held(root)
    (root / "var/keys.json").unlink()
    open_store(root, identity_key=keys["identity"], vault_key=keys["vault"])
    assert held(root)["token"] != keys["token"]


def test_new_keys_are_made_for_a_store_without_people(tmp_path):
    write_operator(tmp_path / "operator", since=LIVE - 3600)
    first = open_store(tmp_path)
    (tmp_path / "var/keys.json").unlink()
    assert open_store(tmp_path) != first


def test_a_key_file_that_others_could_read_is_narrowed_and_that_is_reported(root, capsys):
    (root / "var/keys.json").chmod(0o644)
    open_store(root)
    assert (root / "var/keys.json").stat().st_mode & 0o777 == 0o600
    assert "others could read it (0644)" in capsys.readouterr().err


def test_the_store_never_holds_a_key(root):
    content = (root / "var/precall.db").read_bytes() + b"".join(p.read_bytes() for p in (root / "var").glob("precall.db-*"))
    for key in (held(root)["identity"], held(root)["vault"], held(root)["token"]):
        assert key.encode() not in content
    assert bytes.fromhex(held(root)["identity"]) not in content
