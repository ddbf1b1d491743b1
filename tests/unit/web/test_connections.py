"""Each connection has a bound on every wait, over real sockets: the limits are short here, what they cut is real."""

import asyncio
import socket
import threading
import time
from contextlib import ExitStack, suppress

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from detector.web.access import AccessOptions
from detector.web.limits import Limits
from detector.web.server import WebServer

PATIENCE_S = 120.0
SHORT = Limits(
    head_s=0.5, body_s=0.5, idle_s=1, answer_s=0.5, linger_s=0.5, slow_s=3.0, connections=12, connections_per_address=12
)
LARGE = 40_000_000
GET = b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n"


def application(release):
    app = FastAPI()

    @app.get("/small")
    async def small():
        return PlainTextResponse("small")

    @app.get("/large")
    async def large():
        return PlainTextResponse("x" * LARGE)

    @app.get("/stuck")
    async def stuck():
        app.state.stuck = getattr(app.state, "stuck", 0) + 1
        while not release.is_set():
            await asyncio.sleep(0.02)
        return PlainTextResponse("late")

    return app


@pytest.fixture
def release():
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def server(release):
    app = application(release)
    server = WebServer(app, "127.0.0.1", 0, entry=AccessOptions(limits=SHORT))
    server.stuck = lambda: getattr(app.state, "stuck", 0)
    server.at = int(server.start().rpartition(":")[2])
    yield server
    release.set()
    server.stop()


def connect(server, **options):
    return socket.create_connection(("127.0.0.1", server.at), timeout=PATIENCE_S, **options)


def read_all(one):
    parts = []
    with suppress(ConnectionResetError):
        while part := one.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", 0),
        (b"GET /sm", 408),
        (b"GET /small HTTP/1.1\r\nHost: a\r\nX-Slow: ", 408),
        (GET, 200),
        (GET + b"GET /small", 200),
    ],
)
def test_who_takes_too_long_is_cut(server, sent, answered):
    """Nothing sent, half a head, or an idle connection after an answer: it ends by itself."""
    with connect(server) as one:
        one.sendall(sent)
        assert status(read_all(one)) == answered
    for _ in range(600):
        if not len(server.connections):
            break
        time.sleep(0.1)
    assert len(server.connections) == 0


def test_a_byte_now_and_then_is_no_excuse(server):
    with connect(server) as one:
        one.settimeout(0.1)
        answer, sent, until = b"", b"GET /small HTTP/1.1\r\nX-Slow: " + 100_000 * b"a", time.monotonic() + PATIENCE_S
        for byte in sent:
            with suppress(TimeoutError, ConnectionError, BrokenPipeError):
                one.sendall(bytes([byte]))
                answer += one.recv(1000)
            if answer or time.monotonic() > until:
                break
    assert status(answer) == 408


def test_who_reads_an_answer_slowly_is_cut_and_holds_nobody_up(server):
    with ExitStack() as held:
        for _ in range(4):
            slow = socket.socket()
            held.enter_context(slow)
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", server.at))
            slow.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        with connect(server) as one:
            one.sendall(GET)
            assert status(one.recv(1000)) == 200
        for _ in range(600):
            if not len(server.connections):
                break
            time.sleep(0.1)
        assert len(server.connections) == 0


def test_who_reads_it_as_fast_as_he_can_gets_all(server):
    with connect(server) as one:
        one.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        body = read_all(one).partition(b"\r\n\r\n")[2]
    assert len(body) == LARGE


def test_idle_connections_are_closed_for_one_with_a_request(server):
    with ExitStack() as held:
        for _ in range(60):
            held.enter_context(connect(server))
        with connect(server) as one:
            one.sendall(GET)
            assert status(one.recv(1000)) == 200
        assert len(server.connections) <= SHORT.connections


def test_while_all_are_at_work_the_next_is_sent_away_with_a_retry_time(server, release):
    with ExitStack() as held:
        for number in range(SHORT.connections):
            held.enter_context(connect(server)).sendall(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n")
            until = time.monotonic() + PATIENCE_S
            while server.stuck() <= number and time.monotonic() < until:
                time.sleep(0.01)
        with connect(server) as one:
            one.sendall(GET)
            answer = read_all(one)
        assert status(answer) == 503
        assert b"retry-after: 1" in answer.lower()
        release.set()


def test_what_was_requested_before_the_client_stopped_sending_is_answered(server):
    with connect(server) as one:
        one.sendall(GET)
        one.shutdown(socket.SHUT_WR)
        answer = read_all(one)
    assert status(answer) == 200
    assert answer.endswith(b"small")
