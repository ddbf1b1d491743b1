"""Each answer of a real server on the loopback, and what it means for the alert by its status code."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from time import monotonic

import pytest

from detector.delivery import HttpTransport, check_url
from detector.delivery.http import meaning_of_status
from detector.delivery.kind import Verdict
from detector.domain.errors import Misconfigured, Transient
from detector.domain.transport import Request

NOW = 1774339200.0  # Tue, 24 Mar 2026 08:00:00 GMT


@pytest.fixture
def transport():
    with HttpTransport(timeout_s=5) as transport:
        yield transport


def post(url: str) -> Request:
    return Request(url, b"{}", {"webhook-id": "evt_1"})


def send(transport, scripted, status, **headers) -> Verdict:
    scripted.status = status
    scripted.headers = {"content-length": "0"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return meaning_of_status(transport.send(post(scripted.url)), wall_now=NOW)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_2xx_is_taken(transport, scripted, status):
    assert send(transport, scripted, status) == Verdict("delivered")
    (body, headers), *_ = scripted.got
    assert (body, headers["webhook-id"]) == (b"{}", "evt_1")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_what_passes_with_time_is_transient(transport, scripted, status):
    assert send(transport, scripted, status) == Verdict("retry", f"answered {status}")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_a_refusal_is_for_good(transport, scripted, status):
    assert send(transport, scripted, status) == Verdict("permanent", f"answered {status}")


def test_410_ends_the_subscription(transport, scripted):
    verdict = send(transport, scripted, 410)
    assert (verdict.result, verdict.reason) == ("gone", "answered 410")
    assert "switched off" in verdict.mend


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(transport, scripted, status):
    verdict = send(transport, scripted, status, location=scripted.url)
    assert (verdict.result, verdict.reason) == ("permanent", f"answered {status}")
    assert "redirects are not followed" in verdict.mend
    assert len(scripted.got) == 1


WISHES = [
    ("120", 120),
    ("Tue, 24 Mar 2026 08:10:00 GMT", 600),
    ("Tue, 24 Mar 2026 07:00:00 GMT", 0),
    ("soon", None),
    ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", None),
    ("-5", None),
]


@pytest.mark.parametrize(("value", "seconds"), WISHES)
def test_retry_after_in_seconds_or_as_a_date(transport, scripted, value, seconds):
    assert send(transport, scripted, 429, retry_after=value).retry_after_s == seconds


def test_no_answer_is_transient(scripted):
    scripted.silent = True
    with HttpTransport(timeout_s=0.2) as hasty, pytest.raises(Transient, match="no answer in time"):
        hasty.send(post(scripted.url))


def test_nobody_there_is_transient(transport):
    with pytest.raises(Transient, match=r"^http://127\.0\.0\.1:9"):
        transport.send(post("http://127.0.0.1:9/hook"))


def test_the_error_is_one_line_with_the_receivers_words_and_without_the_secret_path(transport, scripted):
    scripted.answer = b"unknown\nfield\x1b[31m 'say'" + b"x" * 900
    line = send(transport, scripted, 400, content_length=str(len(scripted.answer))).reason
    assert "unknown field [31m 'say'" in line
    assert "\n" not in line
    assert "hidden" not in line
    assert len(line) < 300


URLS = [
    ("https://care.example/hook", True),
    ("https://10.0.0.7:8443/hook", False),
    ("http://127.0.0.1:8080/hook", True),
    ("http://[::1]:8080/hook", True),
    ("http://localhost/hook", True),
    ("http://care.example/hook", False),
    ("http://localhost.care.example/hook", False),
    ("http://10.0.0.7/hook", False),
    ("http://169.254.169.254/latest", False),
    ("https://169.254.169.254/latest", False),
    ("https://[fe80::1]/", False),
    ("ftp://127.0.0.1/", False),
    ("file:///etc/passwd", False),
    ("care.example", False),
    ("https://", False),
    ("https://[::1", False),
    ("", False),
]


@pytest.mark.parametrize(("url", "good"), URLS)
def test_where_we_post_and_where_not(url, good):
    if good:
        assert url.startswith(check_url(url))
    else:
        with pytest.raises(Misconfigured, match="url"):
            check_url(url)


SLOW = {
    "a status line byte by byte": b"HTTP/1.1 204 No Content\r\n",
    "headers without end": b"HTTP/1.1 204 No Content\r\n" + b"x-more: 1\r\n" * 400,
    "a refusal whose words come byte by byte": b"HTTP/1.1 503 Busy\r\ncontent-length: 99999\r\n\r\n" + b"w" * 400,
}


@pytest.mark.parametrize("what", SLOW)
def test_an_answer_that_comes_byte_by_byte_takes_no_longer_than_one_attempt_may(what):
    """Each byte is in time; all of them would take a minute and more."""
    with dripping(SLOW[what], every_s=0.15) as url, HttpTransport(timeout_s=0.5) as hasty:
        began = monotonic()
        with pytest.raises(Transient, match="no answer in time"):
            hasty.send(post(url))
        assert monotonic() - began < 15, "generous: a busy machine"


def test_after_a_slow_one_the_next_is_served_as_ever(scripted):
    with dripping(b"HTTP/1.1 204" * 50, every_s=0.15) as url, HttpTransport(timeout_s=1) as hasty:
        with pytest.raises(Transient):
            hasty.send(post(url))
        hasty.send(post(scripted.url))
    assert len(scripted.got) == 1


def test_no_cookie_of_a_receiver_is_sent_back(transport, scripted):
    send(transport, scripted, 204, set_cookie="id=1; Path=/")
    send(transport, scripted, 204)
    assert "cookie" not in scripted.got[1][1]


def test_the_systems_own_error_is_reported_and_not_that_all_attempts_failed(transport):
    with pytest.raises(Transient, match="refused"):
        transport.send(post("http://127.0.0.1:9/hook"))


def test_closed_twice_is_closed_once():
    transport = HttpTransport()
    transport.close()
    transport.close()


@contextmanager
def dripping(answer: bytes, *, every_s: float) -> Iterator[str]:
    """A server that sends its answer one byte at a time; its address."""
    stopped = Event()

    class Handler(StreamRequestHandler):
        def handle(self):
            self.request.recv(65_536)
            for byte in answer:
                if stopped.wait(every_s):
                    return
                try:
                    self.request.sendall(bytes([byte]))
                except OSError:
                    return

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook"
        stopped.set()
        server.shutdown()
