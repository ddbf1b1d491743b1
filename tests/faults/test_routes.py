"""How a receiver is reached: an authority of one's own, a proxy, names that hang, lead elsewhere or change their mind."""

import datetime as dt
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from detector.delivery import HttpTransport
from detector.delivery.attempts import Interrupted
from detector.domain.errors import Misconfigured, PrecallError, Transient
from detector.domain.transport import DIRECT, Request, Route
from tests.faults.moods import HEALTHY, Mood, listening, request
from tests.faults.service import PATIENCE_S

NAME = "care.example"
HEADERS = {"webhook-id": "evt_1", "content-type": "application/json"}


def post(transport: HttpTransport, url: str, route: Route = DIRECT) -> None:
    assert transport.send(Request(url, b"{}", HEADERS), route).status == 204


@pytest.fixture
def transport():
    with HttpTransport(timeout_s=20) as transport:
        yield transport


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """(file of an own authority, file with key and certificate of `care.example`)."""
    root, now = tmp_path_factory.mktemp("authority"), dt.datetime.now(dt.UTC)
    key, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def certificate(name, of, by, issuer, *extensions):
        built = x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer)).public_key(of.public_key())
        built = built.serial_number(x509.random_serial_number())
        built = built.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        for extension, critical in extensions:
            built = built.add_extension(extension, critical)
        return built.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def named(name):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    ca = certificate("own authority", key, key, "own authority", (x509.BasicConstraints(True, None), True), (usage, True))
    names = x509.SubjectAlternativeName([x509.DNSName(NAME)])
    leaf = certificate(NAME, own, key, "own authority", (names, False))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (root / "own.pem").write_bytes(ca)
    (root / "leaf.pem").write_bytes(own.private_bytes(serialization.Encoding.PEM, *private) + leaf)
    return str(root / "own.pem"), str(root / "leaf.pem")


@contextmanager
def tls_receiver(leaf):
    """(port, what it got): takes alerts over TLS, under the name in its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    mood, names = Mood(), []
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def serve(server):
        while not mood.stopped.is_set():
            with suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as connection:
                key, _ = request(connection)
                mood.keys.append(key)
                HEALTHY(connection, mood)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], mood, names
        finally:
            mood.stopped.set()
            thread.join()


@contextmanager
def proxy_to(port):
    """(address, the lines of CONNECT that it got): whatever the name, the tunnel leads to this port of the loopback."""
    asked, stopped = [], threading.Event()

    def copy(one, other):
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def tunnel(client):
        with client, socket.create_connection(("127.0.0.1", port)) as far:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65_536)
            asked.append(head.decode())
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=copy, args=(client, far), daemon=True).start()
            copy(far, client)

    def accept(server):
        while not stopped.is_set():
            with suppress(TimeoutError):
                threading.Thread(target=tunnel, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        thread = threading.Thread(target=accept, args=(server,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}", asked
        finally:
            stopped.set()
            thread.join()


def test_an_own_authority_is_trusted_where_it_is_named_and_nowhere_else(transport, authority):
    own, leaf = authority
    with tls_receiver(leaf) as (port, mood, names), proxy_to(port) as (proxy, asked):
        through = Route(own, f"http://{proxy}")
        post(transport, f"https://{NAME}:{port}/hook", through)
        assert mood.keys == ["evt_1"]
        assert names == [NAME], "TLS speaks of the name"
        assert asked[0].startswith(f"CONNECT {NAME}:{port} HTTP/1.1\r\n")
        with pytest.raises(Transient, match=r"(?i)certificate"):
            post(transport, f"https://{NAME}:{port}/hook", Route("", f"http://{proxy}"))
        with pytest.raises(Transient, match=r"(?i)certificate|match"):
            post(transport, f"https://other.example:{port}/hook", through)
    assert mood.keys == ["evt_1"]


def test_a_proxy_is_given_its_own_name_and_password_and_the_receiver_is_not(transport, authority):
    own, leaf = authority
    with tls_receiver(leaf) as (port, mood, _), proxy_to(port) as (proxy, asked):
        post(transport, f"https://{NAME}:{port}/hook", Route(own, f"http://user:pass@{proxy}"))
        assert "proxy-authorization: Basic dXNlcjpwYXNz" in asked[0].replace("Proxy-Authorization", "proxy-authorization")
        assert mood.keys == ["evt_1"]


def test_a_proxy_that_is_away_is_transient(transport):
    with pytest.raises(Transient, match="refused"):
        post(transport, f"https://{NAME}/hook", Route("", "http://127.0.0.1:9"))


@pytest.mark.parametrize(("text", "why"), [(None, "No such file"), ("no certificate", "holds no certificate")])
def test_an_authority_that_cannot_be_read_is_one_line_with_its_key(transport, tmp_path, text, why):
    path = tmp_path / "own.pem"
    if text:
        path.write_text(text)
    with pytest.raises(Misconfigured, match=why) as caught:
        post(transport, f"https://{NAME}/hook", Route(str(path)))
    assert "ca_file" in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.fixture
def names(monkeypatch):
    """Name -> addresses, which a test may change; every look-up is noted."""
    known, looked, true = {}, [], socket.getaddrinfo

    def look_up(host, port, *args, **kwargs):
        if host not in known:
            return true(host, port, *args, **kwargs)
        looked.append(host)
        found = known[host]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in (found() if callable(found) else found)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    known["looked up"] = looked
    return known


FORBIDDEN_ADDRESSES = {
    "10.1.2.3": "private = true",
    "172.16.0.1": "private = true",
    "192.168.1.1": "private = true",
    "100.64.0.1": "private = true",
    "fd12::1": "private = true",
    "::ffff:10.0.0.1": "private = true",
    "64:ff9b::a00:1": "private = true",
    "2002:a00:1::": "private = true",
    "127.0.0.1": "write the loopback address itself",
    "::1": "write the loopback address itself",
    "::ffff:127.0.0.1": "write the loopback address itself",
    "169.254.169.254": "metadata",
    "::ffff:169.254.169.254": "metadata",
    "fe80::1": "metadata",
    "fd00:ec2::254": "metadata",
    "100.100.100.200": "metadata",
    "168.63.129.16": "metadata",
    "0.0.0.0": "metadata",
    "224.0.0.1": "metadata",
    "255.255.255.255": "metadata",
}


@pytest.mark.parametrize("address", FORBIDDEN_ADDRESSES)
def test_a_name_that_leads_where_we_must_not_post_is_refused_with_the_key_that_would_allow_it(transport, names, address):
    names[NAME] = [address]
    with pytest.raises(Misconfigured) as caught:
        post(transport, f"https://{NAME}/hook")
    assert FORBIDDEN_ADDRESSES[address] in str(caught.value)
    assert NAME in str(caught.value)


@pytest.mark.parametrize("address", [one for one, why in FORBIDDEN_ADDRESSES.items() if why != "private = true"])
def test_what_no_key_allows_is_refused_in_a_private_network_too(transport, names, address):
    names[NAME] = [address]
    with pytest.raises(Misconfigured):
        post(transport, f"https://{NAME}/hook", Route(private=True))


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:10.0.0.1]", "10.0.0.1"]
)
def test_no_form_of_an_address_gets_round_it(transport, host):
    with pytest.raises(Misconfigured):
        post(transport, f"https://{host}/hook")


def test_what_is_checked_is_what_is_connected_to(transport, names):
    """The name leads to a good address when it is looked up first, and to another at every further look-up."""
    answers = iter([["192.0.2.1", "9.9.9.9"]])
    names[NAME] = lambda: next(answers, ["127.0.0.1"])
    with pytest.raises(PrecallError), HttpTransport(timeout_s=0.5) as hasty:
        post(hasty, f"https://{NAME}/hook")
    assert names["looked up"] == [NAME], "looked up once: nothing else is connected to"


def test_localhost_is_the_loopback_and_nothing_else(transport, names):
    with listening(HEALTHY) as mood:
        post(transport, mood.url.replace("127.0.0.1", "localhost"))
        names["localhost"] = ["9.9.9.9"]
        with pytest.raises(Misconfigured):
            post(transport, mood.url.replace("127.0.0.1", "localhost"))
        assert mood.keys == ["evt_1"]


def test_a_look_up_that_hangs_costs_its_own_attempt_and_not_the_end(names):
    released = threading.Event()

    def hang():
        released.wait(PATIENCE_S)
        return []

    names[NAME] = hang
    transport = HttpTransport(timeout_s=0.3)
    try:
        with listening(HEALTHY) as mood:
            for _ in range(3):
                with pytest.raises(Transient, match="no answer in time"):
                    post(transport, f"https://{NAME}/hook")
                post(HttpTransport(), mood.url)
        began = time.monotonic()
        transport.close()
        assert time.monotonic() - began < PATIENCE_S / 4
    finally:
        released.set()


def test_look_ups_that_hang_are_bounded(names):
    released, began = threading.Event(), []

    def hang():
        began.append(1)
        released.wait(PATIENCE_S)
        return []

    names[NAME] = hang
    threads = []
    with HttpTransport(timeout_s=PATIENCE_S) as transport:

        def send():
            with suppress(PrecallError):
                post(transport, f"https://{NAME}/hook")

        for _ in range(40):
            threads.append(threading.Thread(target=send, daemon=True))
            threads[-1].start()
        until = time.monotonic() + PATIENCE_S
        while sum(one.is_alive() for one in threads) > 32 and time.monotonic() < until:
            time.sleep(0.01)
        assert len(began) <= 32
        released.set()
        for one in threads:
            one.join(PATIENCE_S)


def test_cancelled_from_outside_an_attempt_ends_and_none_begins():
    transport = HttpTransport(timeout_s=PATIENCE_S)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url, raised = f"http://127.0.0.1:{silent.getsockname()[1]}/", []

        def send():
            try:
                post(transport, url)
            except PrecallError as error:
                raised.append(error)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        with silent.accept()[0]:
            transport.cancel()
            thread.join(PATIENCE_S)
        assert [type(one) for one in raised] == [Interrupted]
        with pytest.raises(Interrupted):
            post(transport, url)
    transport.close()
