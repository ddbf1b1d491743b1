"""Settings: what stands in the file, what wins over it, and how a mistake is told."""

from pathlib import Path

import pytest

from detector.domain.errors import Misconfigured
from detector.settings import DEFAULT, Settings, load


def written(root: Path, text: str) -> Path:
    path = root / "my.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_packaged_file_has_the_defaults():
    assert load() == Settings()
    assert load(DEFAULT).hash == Settings().hash


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path):
    found = load(written(tmp_path, "[detection]\npooled_minutes = [60]\n[care]\nlanguages = ['de', 'en']\n"))
    assert found.detection.pooled_minutes == (60,)
    assert found.care.languages == ("de", "en")
    assert found.impact == Settings().impact


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PRECALL_STORAGE__DATABASE", "postgresql://db/precall")
    monkeypatch.setenv("PRECALL_WEB__PORT", "9000")
    found = load(written(tmp_path, "[web]\nport = 8000\nhost = '::1'\n"))
    assert (found.database_url, found.web.port, found.web.host) == ("postgresql://db/precall", 9000, "::1")


def test_without_a_database_it_is_sqlite_below_the_storage(tmp_path):
    assert load(written(tmp_path, "[storage]\npath = 'there'\n")).database_url == "sqlite:///there/precall.db"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("[detection]\npooled_minutes = [60]\n", False),
        ("[care]\ncontact_above = 0.6\n", False),
        ("[web]\nport = 1\n", True),
        ("[storage]\npath = 'elsewhere'\n", True),
        ("[[receivers]]\nname = 'a'\nurl = 'https://a.example'\nsecrets = ['s']\n", True),
    ],
)
def test_the_hash_is_of_what_decides_and_of_nothing_else(text, same, tmp_path):
    assert (load(written(tmp_path, text)).hash == Settings().hash) is same


WRONG = {
    "[detection]\npooled_minuts = [45]\n": "detection.pooled_minuts: unknown key; did you mean 'pooled_minutes'?",
    "[detectoin]\n": "detectoin: unknown key; did you mean 'detection'?",
    "[web]\ncolour = 'red'\n": "web.colour: unknown key; remove it",
    "[[receivers]]\nname = 'a'\nurll = 'b'\n": "receivers.0",
    "[web]\nport = 'eighty'\n": "web.port: Input should be a valid integer",
    "[[receivers]]\nname = 'a'\nurl = 'u'\nsecrets = []\nmin_severity = 'bad'\n": "receivers.0.min_severity",
    "[care]\nquiet_from = '25:00'\n": "care.quiet_from: no time of day like 21:00 (found '25:00')",
    "[care]\ncontact_above = 50\n": "care.contact_above: a share is between 0 and 1 (found 50.0)",
    "[detection]\ngrace_minutes = -1\n": "detection.grace_minutes: less than zero or no number (found -1)",
    "[detection]\nmin_attempts = nan\n": "detection.min_attempts: less than zero or no number (found nan)",
    "[schedule]\npull_s = 0\n": "schedule.pull_s: more than zero is needed (found 0.0)",
    "[care.holdout]\naproved_by = 'me'\n": "care.holdout.aproved_by: unknown key; did you mean 'approved_by'?",
    "[care.holdout]\nshare = 0.7\n": "care.holdout.share: no fit share (found 0.7)",
    "[care.holdout]\nsince = 'soon'\n": "care.holdout.since: no date (found 'soon')",
    "[[care.offers]]\nname = 'a'\nkind = 'discount'\namount = 1\ncost = 1\n": "care.offers.0.kind",
    "[[care.offers]]\nname = 'a'\nkin = 'data_boost'\n": "care.offers.0.kin: unknown key; did you mean 'kind'?",
    "[[care.lawful_basis]]\npurpose = 'survey'\ncountry = '*'\nbasis = 'we like to'\n": "care.lawful_basis.0.basis",
    "a = 1\na = 2\n": "no valid TOML",
    "[web\n": "no valid TOML",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_is_one_line_that_names_file_key_and_mend(text, tmp_path):
    path = written(tmp_path, text)
    with pytest.raises(Misconfigured) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert WRONG[text] in message
    assert "\n" not in message
    assert caught.value.mend


def test_a_file_that_is_no_text_or_is_not_there_is_reported_alike(tmp_path):
    (tmp_path / "my.toml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "my.toml", tmp_path / "gone.toml", tmp_path):
        with pytest.raises(Misconfigured, match=path.name):
            load(path)


@pytest.mark.parametrize(
    "text",
    [
        "[[receivers]]\nname = 'a'\nurl = 'https://a.example'\nsecrets = 'whsec_hidden'\n",
        "[storage]\nidentity_key = ['whsec_hidden']\n",
        "[web]\ntoken = ['whsec_hidden']\n",
        "[storage]\ndatabase = ['postgresql://me:whsec_hidden@db']\n",
    ],
)
def test_a_secret_in_the_wrong_form_is_not_repeated(text, tmp_path):
    with pytest.raises(Misconfigured) as caught:
        load(written(tmp_path, text))
    assert "hidden" not in str(caught.value)


def test_neither_keys_nor_secrets_show_when_settings_are_printed():
    text = "whsec_hidden"
    settings = Settings(
        storage={"identity_key": text, "vault_key": text},
        web={"token": text},
        receivers=[{"name": "a", "url": "https://a.example", "secrets": [text]}],
    )
    assert text not in repr(settings)


def test_rules_are_read_with_the_settings_and_a_mistake_in_them_is_reported_at_once(tmp_path):
    rules = tmp_path / "mine.toml"
    rules.write_text('[[rules]]\nname = "all"\naction = "proactive_mesage"\n', encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"mine.toml: rule 'all': action: .*; did you mean 'proactive_message'\?"):
        load(written(tmp_path, f"[care]\nrules = '{rules}'\n"))
    rules.write_text('[[rules]]\nname = "all"\naction = "proactive_message"\n', encoding="utf-8")
    found = load(written(tmp_path, f"[care]\nrules = '{rules}'\n"))
    assert [rule.name for rule in found.rules] == ["all"]
    assert found.hash != Settings().hash
    with pytest.raises(Misconfigured, match=r"no-such\.toml: No such file"):
        load(written(tmp_path, "[care]\nrules = 'no-such.toml'\n"))


RECEIVER = "[[receivers]]\nname = '{}'\nurl = 'https://{}.example'\nsecrets = ['s']\n"
TWICE = {
    RECEIVER.format("care", "a") + RECEIVER.format("care", "b"): "receivers: two receivers of one name, 'care'",
    RECEIVER.format(" ", "a"): "receivers.0.name: no name",
    "[care]\ncapacity_per_hour = [['a', 1], ['a', 2]]\n": "care.capacity_per_hour: two capacities of one team, 'a'",
    "[care]\nteams = [['*', 'a'], ['*', 'b']]\n": "care.teams: two teams for one kind of account, '*'",
    "[care]\nlawful_basis = ["
    + ",".join(2 * ["{purpose='survey',country='*',basis='consent'}"])
    + "]\n": "care.lawful_basis: two bases of one purpose in one country, 'survey, *'",
    "[care]\noffers = ["
    + ",".join(2 * ["{name='a',kind='data_boost',amount=1,cost=1}"])
    + "]\n": "care.offers: two offers of one name, 'a'",
}


@pytest.mark.parametrize("text", TWICE)
def test_of_two_with_one_name_none_counts_in_silence(text, tmp_path):
    with pytest.raises(Misconfigured) as caught:
        load(written(tmp_path, text))
    assert TWICE[text] in str(caught.value)


BEYOND = {
    "[web]\nport = 99999\n": "web.port: more than 65535 (found 99999); it is between 0 and 65535",
    "[web]\nport = -1\n": "web.port: less than zero",
    "[web]\nhost = '''a\\\nb'''\n": "web.host: a control character in it",
    "[web]\nlink_base = 'precall'\n": "web.link_base: no address",
    "[web]\ntoken = 'a token with spaces in it'\n": "web.token: a token that no program can send",
    '[storage]\npath = "a\\u0000b"\n': "storage.path",
    "[detection]\npooled_minutes = [30, 0]\n": "detection.pooled_minutes: more than zero is needed",
    "[detection]\nhistory_days = 1000000\n": "detection.history_days: more than 3660",
    "[schedule]\npull_s = 1e300\n": "schedule.pull_s: more than 86400",
    "[retention]\nkpi_days = 99999999\n": "retention.kpi_days: more than 36600",
    "[demo]\ncells = 5\n": "demo.cells: less than 6",
    "[care]\npurposes = ['fun']\n": "care.purposes: no purpose 'fun'; one of network_care_analysis",
    "[delivery]\nsource = ''\n": "delivery.source: no URI reference",
}


@pytest.mark.parametrize("text", BEYOND)
def test_what_run_could_not_use_is_refused_with_its_bounds(text, tmp_path):
    with pytest.raises(Misconfigured) as caught:
        load(written(tmp_path, text))
    assert BEYOND[text] in str(caught.value)
    assert caught.value.mend


VARIABLES = {
    ("PRECALL_RECEIVERS", "https://care.example/hook"): "environment: PRECALL_RECEIVERS: no JSON; write it as [{",
    ("PRECALL_DETECTION__POOLED_MINUTES", "30;45"): "(found '30;45'); write it as JSON: [30, 45] for a list",
    ("PRECALL_WEB__PORT", "eighty"): "environment: PRECALL_WEB__PORT: Input should be a valid integer",
    ("precall_web__port", "99999"): "environment: precall_web__port: more than 65535",
    ("PRECALL_WEB", '{"prot": 1}'): "environment: PRECALL_WEB: unknown key; did you mean 'port'?",
    ("PRECALL_WEB__PROT", "1"): "environment: PRECALL_WEB__PROT: unknown key; did you mean 'port'?",
    ("PRECALL_WBE__PORT", "1"): "environment: PRECALL_WBE__PORT: no section 'wbe'; did you mean PRECALL_WEB__...?",
    ("PRECALL_CARE__HOLDOUT__SHARE", "0.9"): "environment: PRECALL_CARE__HOLDOUT__SHARE: no fit share",
}


@pytest.mark.parametrize(("name", "value"), VARIABLES)
def test_the_error_of_a_wrong_value_of_the_environment_names_its_variable(name, value, tmp_path, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as caught:
        load(written(tmp_path, ""))
    assert VARIABLES[name, value] in str(caught.value)


def test_a_secret_of_the_environment_is_not_repeated(tmp_path, monkeypatch):
    monkeypatch.setenv("PRECALL_RECEIVERS", '[{"name": "a", "secrets": "whsec_hidden"')
    with pytest.raises(Misconfigured) as caught:
        load(written(tmp_path, ""))
    assert "hidden" not in str(caught.value)


def test_lists_of_the_environment_are_json(tmp_path, monkeypatch):
    monkeypatch.setenv("PRECALL_DETECTION__POOLED_MINUTES", "[60, 120]")
    monkeypatch.setenv("PRECALL_CARE__CAPACITY_PER_HOUR", '[["consumer-care", 6]]')
    monkeypatch.setenv("PRECALL_RECEIVERS", '[{"name": "a", "url": "https://a.example", "secrets": ["s"]}]')
    found = load(written(tmp_path, "[detection]\npooled_minutes = [30]\n"))
    assert found.detection.pooled_minutes == (60, 120)
    assert found.care.capacity_per_hour == (("consumer-care", 6),)
    assert [one.name for one in found.receivers] == ["a"]
