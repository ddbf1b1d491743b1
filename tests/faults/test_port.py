"""Strangers at the port: what they send costs them an answer that refuses it, and nobody else anything."""

import json
import os
import signal
import socket
import sqlite3
from contextlib import ExitStack, suppress
from itertools import repeat

import psutil
import pytest

from tests.faults.service import PATIENCE_S, TOKEN, place, wait_for

MB = 1024 * 1024
SIGNED = f"Authorization: Bearer {TOKEN}\r\n".encode()
HOST = b"Host: 127.0.0.1\r\n"
FEEDBACK = b"/v1/incidents/inc_0123456789abcdef/feedback"


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A service at work."""
    with place(tmp_path_factory.mktemp("port")) as here:
        service = here.start()
        service.wait(lambda: service.get("/readyz")[0] == 200, "readiness")
        yield service


def address(service):
    host, _, port = service.url.removeprefix("http://").rpartition(":")
    return host, int(port)


def web_of(service):
    """The process that serves the pages."""
    (child,) = [one for one in psutil.Process(service.process.pid).children() if "jobs.web_process" in one.cmdline()]
    return child


def exchange(service, request, parts=(), timeout_s=PATIENCE_S):
    """(status, headers and body) of whatever is answered to these bytes; status 0: the connection was closed without one."""
    answer = b""
    with socket.create_connection(address(service), timeout=timeout_s) as stranger:
        with suppress(BrokenPipeError, ConnectionResetError):
            stranger.sendall(request)
            for part in parts:
                stranger.sendall(part)
            stranger.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while part := stranger.recv(65_536):
                answer += part
    status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0
    return status, answer.decode("latin-1")


def get(path, *headers):
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + SIGNED + b"".join(headers) + b"Connection: close\r\n\r\n"


def post(body, *headers):
    length = (
        b""
        if any(one.lower().startswith((b"content-length", b"transfer")) for one in headers)
        else (f"Content-Length: {len(body)}\r\n".encode())
    )
    head = b"POST " + FEEDBACK + b" HTTP/1.1\r\n" + HOST + SIGNED + b"Content-Type: application/json\r\n"
    return head + length + b"".join(headers) + b"Connection: close\r\n\r\n" + body


STRANGERS = {
    "HTTP/0.9": b"GET /\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a proxy's request": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "an absolute address": b"GET http://[::1 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": b"GET /v1/incidents HTTP/1.1\r\n" + SIGNED + b"\r\n",
    "two hosts": get(b"/v1/incidents", HOST),
    "a host that is none": b"GET / HTTP/1.1\r\nHost: [::1\r\nAccept: text/html\r\n\r\n",
    "a NUL in a header": get(b"/v1/incidents", b"X-Actor: a\x00b\r\n"),
    "a line feed in a header": get(b"/v1/incidents", b"X-Actor: a\nX-Actor: b\r\n"),
    "two tokens": get(b"/v1/incidents", SIGNED),
    "a NUL in a path": get(b"/v1/lookup/49%00170"),
    "a NUL in an account": get(b"/v1/accounts/a%00"),
    "a NUL in an incident": get(b"/v1/incidents/inc_%00"),
    "a NUL in a page": get(b"/incidents/inc_%00", b"Accept: text/html\r\n"),
    "a control character in a path": get(b"/v1/lookup/49%1b[2J170"),
    "a path that is no UTF-8": get(b"/v1/lookup/%ff%fe"),
    "half a surrogate pair": get(b"/v1/lookup/%ed%a0%80"),
    "overlong UTF-8": get(b"/v1/lookup/%c0%af"),
    "a NUL in a query": get(b"/v1/incidents?state=open%00"),
    "a query that is no UTF-8": get(b"/v1/incidents?state=%ff"),
    "a NUL in a static file": get(b"/static/%00.css"),
    "a static file above": get(b"/static/../../access.py"),
    "an incident of a megabyte": get(b"/v1/incidents/" + MB * b"a"),
    "an incident of 4,000 characters": get(b"/v1/incidents/" + 4000 * b"a"),
    "a query of 100 kB": get(b"/v1/incidents?x=" + 100_000 * b"a"),
    "thousands of headers": get(b"/v1/incidents", *(f"X-{n}: 1\r\n".encode() for n in range(5000))),
    "a header of 200 kB": get(b"/v1/incidents", b"X-A: " + 200_000 * b"a" + b"\r\n"),
    "an offset of 1e30": get(b"/v1/incidents?offset=" + b"9" * 30),
    "an offset of 4,000 digits": get(b"/v1/incidents?offset=" + b"9" * 4000),
    "an offset that is no number": get(b"/v1/incidents?offset=NaN"),
    "a limit below nothing": get(b"/v1/incidents?limit=-1"),
    "a length below nothing": post(b"{}", b"Content-Length: -1\r\n"),
    "a length that is no number": post(b"{}", b"Content-Length: 0x10\r\n"),
    "two lengths": post(b"{}", b"Content-Length: 2\r\nContent-Length: 30\r\n"),
    "a length and chunks": post(b"0\r\n\r\n", b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
    "a chunk that is none": post(b"zz\r\n{}\r\n", b"Transfer-Encoding: chunked\r\n"),
    "an encoding that is none": post(b"{}", b"Transfer-Encoding: gzip\r\n"),
    "a body for GET": get(b"/v1/incidents", b"Content-Length: 9999999\r\n"),
    "deep JSON": post(b"[" * 8000 + b"]" * 8000),
    "NaN": post(b'{"verdict": NaN}'),
    "a key twice": post(b'{"verdict": "confirmed", "verdict": "not_affected"}'),
    "a NUL in a body": post(b'{"verdict": "confirmed", "subscriber": "49\\u0000170"}'),
    "half a pair in a body": post(b'{"verdict": "confirmed", "subscriber": "\\ud800"}'),
    "a body that is no UTF-8": post(b'{"verdict": "\xff"}'),
    "a body that is no JSON": post(b"verdict=confirmed"),
    "a number without end": post(b'{"verdict": ' + 9000 * b"9" + b"}"),
    "a body of another type": post(b"<a/>", b"Content-Type: text/xml\r\n"),
    "a JSON body that is no object": post(b'"confirmed"'),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_whatever_a_stranger_sends_is_refused_in_one_line(watched, name):
    status, answer = exchange(watched, STRANGERS[name])
    assert 400 <= status < 500, answer[:500]
    assert "Traceback" not in answer
    if "text/html" not in answer:
        assert "application/problem+json" in answer
        problem, _ = json.JSONDecoder().raw_decode(answer.partition("\r\n\r\n")[2])
        assert problem["status"] == status


HONEST = {
    "a report before all time": get(b"/v1/reports/planning?from=0001-01-01T00:00:00%2B23:59"),
    "a report after all time": get(b"/v1/reports/planning?to=9999-12-31T23:59:59-23:59"),
    "an upgrade": get(b"/healthz", b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
    "a name with umlauts": get("/v1/lookup/Jürg".encode().replace(b"\xc3\xbc", b"%c3%bc")),
    "a cookie that is no UTF-8": get(b"/v1/incidents", b"Cookie: precall=\xff\xfe\r\n"),
    "who asks, beyond ASCII": get(b"/v1/incidents", "X-Actor: Jürg\r\n".encode()),
    "a small body for GET": get(b"/v1/incidents", b"Content-Length: 0\r\n"),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_only_looks_odd_is_answered(watched, name):
    status, answer = exchange(watched, HONEST[name])
    assert status == 200, answer[:500]


def test_many_requests_at_once_on_one_connection_are_answered_in_order(watched):
    asked = b"".join([f"GET /healthz HTTP/1.1\r\n{HOST.decode()}\r\n".encode()] * 50)
    _, answer = exchange(watched, asked + get(b"/v1/incidents?offset=x"))
    assert answer.count("HTTP/1.1 200 OK") == 50
    assert answer.count("HTTP/1.1 422") == 1


@pytest.mark.parametrize("expects", [b"", b"Expect: 100-continue\r\n"])
@pytest.mark.parametrize("length", [b"Content-Length: 524288000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_half_a_gigabyte_without_a_token_is_refused_before_it_is_read(watched, length, expects):
    web, daemon = web_of(watched), psutil.Process(watched.process.pid)
    before = web.memory_info().rss, daemon.memory_info().rss
    head = b"POST " + FEEDBACK + b" HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n" + length + expects + b"\r\n"
    chunk = b"%x\r\n" % MB + MB * b"x" + b"\r\n" if b"chunked" in length else MB * b"x"
    status, _ = exchange(watched, head, repeat(chunk, 500))
    assert status in (401, 413)
    after = web.memory_info().rss, daemon.memory_info().rss
    assert after[0] - before[0] < 20 * MB
    assert after[1] - before[1] < 20 * MB


def test_nor_is_it_read_with_one(watched):
    before = web_of(watched).memory_info().rss
    head = post(b"", b"Transfer-Encoding: chunked\r\n")
    status, _ = exchange(watched, head, repeat(b"%x\r\n" % MB + MB * b" " + b"\r\n", 100))
    assert status == 413
    assert web_of(watched).memory_info().rss - before < 20 * MB


HALF_OPEN = (
    b"",
    b"GET / HT",
    b"POST " + FEEDBACK + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\n",
    b"POST "
    + FEEDBACK
    + b" HTTP/1.1\r\n"
    + HOST
    + SIGNED
    + b"Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{",
    b"\x16\x03\x01",
)


def test_three_hundred_half_open_connections_keep_nobody_from_anything(watched):
    """The daemon's rounds go on, its descriptors are as they were, and whoever asks is answered."""
    daemon = psutil.Process(watched.process.pid)
    descriptors = daemon.num_fds()
    with ExitStack() as held:
        for n in range(300):
            one = held.enter_context(socket.create_connection(address(watched), timeout=PATIENCE_S))
            with suppress(OSError):
                one.sendall(HALF_OPEN[n % len(HALF_OPEN)])
        assert watched.get("/healthz")[0] == 200
        assert watched.get("/v1/lookup/491701234567")[0] == 200
        rounds = (
            watched.metric("precall_job_seconds_count", job="detect"),
            watched.metric("precall_job_seconds_count", job="watch_receivers"),
        )
        watched.wait(lambda: watched.metric("precall_job_seconds_count", job="detect") > rounds[0] + 2, "detection")
        watched.wait(lambda: watched.metric("precall_job_seconds_count", job="watch_receivers") > rounds[1] + 2, "push")
        assert daemon.num_fds() < descriptors + 20
        assert web_of(watched).num_fds() < 400
    assert watched.get("/readyz")[0] == 200


def test_many_connections_one_after_another_leave_no_descriptor(watched):
    before = web_of(watched).num_fds()
    for n in range(500):  # each is closed by whoever opened it, most before anything is read
        with socket.create_connection(address(watched), timeout=PATIENCE_S) as one, suppress(OSError):
            one.sendall(HALF_OPEN[n % len(HALF_OPEN)])
    watched.wait(lambda: web_of(watched).num_fds() < before + 100, "descriptors")
    assert watched.get("/healthz")[0] == 200


def audit(service):
    with sqlite3.connect(service.root / "var/precall.db") as database:
        return database.execute("SELECT actor, action, subject, detail FROM audit ORDER BY row").fetchall()


def test_the_actor_is_the_tokens_name_whatever_a_header_states(watched):
    exchange(watched, get(b"/v1/lookup/491700000000", b"X-Actor: the director\r\n"))
    asked = [actor for actor, action, *_ in audit(watched) if action == "lookup"]
    assert "api as the director" in asked
    assert all(actor.startswith("api") for actor in asked)


def test_guesses_are_counted_slowed_and_in_the_audit_log(watched):
    """Whoever has worked here before goes on meanwhile."""
    guess = (
        b"GET /v1/incidents HTTP/1.1\r\n" + HOST + b"Authorization: Bearer %d-no-token-at-all\r\nConnection: close\r\n\r\n"
    )
    answered = [exchange(watched, guess % n) for n in range(40)]
    assert answered[0][0] == 401
    assert answered[-1][0] == 429
    assert "retry-after" in answered[-1][1].lower()
    assert watched.get("/v1/incidents")[0] == 200
    assert watched.get("/healthz")[0] == 200
    watched.wait(lambda: any(row[1:3] == ("sign-in failed", "127.0.0.1") for row in audit(watched)), "the row")
    assert sum(row[1] == "sign-in failed" for row in audit(watched)) <= 4


def test_the_process_of_the_pages_is_started_again_and_the_daemon_never_stops(watched):
    rounds, first = watched.metric("precall_job_seconds_count", job="detect"), web_of(watched).pid
    os.kill(first, signal.SIGKILL)
    watched.wait(lambda: answers(watched), "the pages")
    assert web_of(watched).pid != first
    assert "process of the pages has ended" in watched.log
    assert watched.metric("precall_web_restarts_total") >= 1
    watched.wait(lambda: watched.get("/readyz")[0] == 200, "readiness")
    assert watched.metric("precall_job_seconds_count", job="detect") > rounds


def answers(service):
    with suppress(OSError):
        return service.get("/healthz")[0] == 200
    return False


def test_a_daemon_that_stands_still_is_not_ready_and_the_pages_say_so(watched):
    watched.process.send_signal(signal.SIGSTOP)
    try:
        watched.wait(lambda: "does not answer" in watched.get("/readyz")[1], "the report")
        assert watched.get("/healthz")[0] == 200
    finally:
        watched.process.send_signal(signal.SIGCONT)
    watched.wait(lambda: watched.get("/readyz")[0] == 200, "readiness")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_pages_end_with_the_daemon(here, number):
    """Killed, it says nothing; asked to end, it does so even beside pages that stand still."""
    service = here.start()
    child = web_of(service)
    if number == signal.SIGTERM:
        child.suspend()
    code, _ = service.stop(number)
    assert code in (0, -signal.SIGKILL)
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "the end of the pages' process")
