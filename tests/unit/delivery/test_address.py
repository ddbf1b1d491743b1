"""What can be a host, said before anything is sent; and what a hostile answer may not do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.delivery.address import check_url, unresolved
from detector.delivery.http import retry_after_s
from detector.domain.errors import Misconfigured

GOOD = {
    "https://care.example/hook?key=hidden": "https://care.example",
    "https://care.example:8443/": "https://care.example:8443",
    "https://care.example./": "https://care.example.",
    "https://[2620:fe::fe]:8443/x": "https://[2620:fe::fe]:8443",
    "https://9.9.9.9/": "https://9.9.9.9",
    "https://b\u00fccher.example/": "https://b\u00fccher.example",
    "https://care_system.internal/": "https://care_system.internal",
    "http://127.0.0.1:1/": "http://127.0.0.1:1",
    "http://[::1]:18600/": "http://[::1]:18600",
    "https://" + "a" * 63 + ".example/": "https://" + "a" * 63 + ".example",
}


@pytest.mark.parametrize("url", GOOD)
def test_an_address_is_shown_without_what_may_be_secret(url):
    assert check_url(url) == GOOD[url]


BAD = {
    "https://care..example/hook": "a label is empty",
    "https://.example/": "a label is empty",
    "https://" + "a" * 64 + ".example/": "a label of 64 letters, 63 at most",
    "https://" + ".".join(["a" * 60] * 5) + "/": "253 at most",
    "https://\u2603/": "not a URL",
    "https://a b.example/": "is no host",
    "https://-care.example/": "'-care' is no label",
    "https://*.example/": "'*' is no label",
    "https://care.example:99999/": "port 99999",
    "https://care.example:0/": "port 0",
    "https://care.example:abc/": "not a URL",
    "https://user:whsec_hidden@care.example/": "a name and a password before care.example",
    "https:///hook": "no host in it",
    "https://": "no host in it",
    "https://[::g]/": "not a URL",
    "https://[fe80::1]/": "is link-local",
    "https://[fe80::1%25eth0]/": "is link-local",
    "https://1.2.3/": "ends in a number and is no IPv4 address",
    "https://999.1.1.1/": "not a URL",
    "http://care.example/hook": "use https",
    "ftp://care.example/hook": "use https",
    "care.example/hook": "",
    "": "",
}


@pytest.mark.parametrize("url", BAD)
def test_what_cannot_be_a_receiver_is_named_in_one_line(url):
    with pytest.raises(Misconfigured) as caught:
        check_url(url)
    assert BAD[url] in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert caught.value.mend


@given(st.text(max_size=300).map("https://{}".format) | st.text(max_size=100))
def test_no_text_is_an_unforeseen_error(url):
    try:
        shown = check_url(url)
    except Misconfigured as refused:
        shown = str(refused)
    assert shown.startswith(("https://", "http://", "receivers: url: "))
    assert "\n" not in shown


@given(
    st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,30} Jan [0-9]{1,30} [0-9]{1,9}:00:00 [+-]?[0-9A-Z]{0,9}")
)
def test_no_retry_after_is_an_unforeseen_error(value):
    wait = retry_after_s(value, now=1_774_339_200.0)
    assert wait is None or wait >= 0


def test_hosts_are_looked_up_all_at_once_and_each_failure_has_its_reason():
    known, unknown = "https://127.0.0.1/hook", "https://nobody.invalid/hook"  # RFC 2606: a name that never is
    found = unresolved([known, unknown, known], within_s=60)
    assert set(found) == {unknown}
    assert found[unknown]
