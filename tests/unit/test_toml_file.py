"""Whatever an editor makes of a TOML file: read, or named in one line with what to do."""

import codecs

import pytest

from detector.app import read_catalogue
from detector.domain.errors import Misconfigured
from detector.domain.policy import CarePolicy
from detector.feedback.contact_text import words
from detector.settings import DEFAULT, load, rules_in
from detector.sources.reference import read_operator

CONFIG = DEFAULT.parent
READERS = {
    "operator.toml": (read_operator, 'timezone = "Europe/Berlin"\ncountry = "DE"\n'),
    "my.toml": (load, '[web]\nport = 18600\n[care]\nlanguages = ["de"]\n'),
    "kpis.toml": (read_catalogue, (CONFIG / "kpis.toml").read_text(encoding="utf-8")),
    "rules.toml": (lambda path: rules_in(path, CarePolicy()), (CONFIG / "rules.toml").read_text(encoding="utf-8")),
    "words.toml": (words, (CONFIG / "words.toml").read_text(encoding="utf-8")),
}
every_reader = pytest.mark.parametrize("name", READERS)
WRITTEN = {
    "with a UTF-8 mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "as UTF-16 with its mark": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "as UTF-16 of the other order": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "with the line ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "with all of it": lambda text: codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode(),
}


def comparable(found: object) -> str:
    return str(getattr(found, "hash", found))


@every_reader
@pytest.mark.parametrize("how", WRITTEN)
def test_it_is_read_as_if_it_were_written_plainly(name, how, tmp_path):
    read, text = READERS[name]
    plain, other = tmp_path / "plain" / name, tmp_path / "other" / name
    for path, raw in ((plain, text.encode()), (other, WRITTEN[how](text))):
        path.parent.mkdir()
        path.write_bytes(raw)
    assert comparable(read(other)) == comparable(read(plain))


BROKEN = {
    "NUL": b'a = "\x00"\n',
    "UTF-16 without its mark": "[web]\nport = 1\n".encode("utf-16-le"),
    "half of UTF-16": codecs.BOM_UTF16_LE + b"[\x00w",
    "latin-1": 'name = "K\u00f6ln"\n'.encode("latin-1"),
    "no TOML": b"[[[[\n",
    "nested without end": b"a = " + b"[" * 100_000,
    "a number of 5,000 digits": b"a = " + b"9" * 5_000,
    "an impossible day": b"a = 2026-02-30\n",
    "a table": b"cell_id,technology\nc1,LTE\n",
    "a ZIP": b"PK\x03\x04" + bytes(range(256)),
}


@every_reader
@pytest.mark.parametrize("how", BROKEN)
def test_what_cannot_be_read_is_one_line_with_its_mend(name, how, tmp_path):
    path = tmp_path / name
    path.write_bytes(BROKEN[how])
    assert_refused_in_one_line(name, path)


@every_reader
def test_a_folder_in_place_of_a_file_is_reported_alike(name, tmp_path):
    (tmp_path / name).mkdir()
    assert_refused_in_one_line(name, tmp_path / name)


def assert_refused_in_one_line(name, path):
    with pytest.raises(Misconfigured) as caught:
        READERS[name][0](path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.mend


@every_reader
def test_a_file_without_end_is_not_read_to_the_end(name, tmp_path):
    (tmp_path / name).symlink_to("/dev/zero")
    assert_refused_in_one_line(name, tmp_path / name)
