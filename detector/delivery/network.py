"""Connections to receivers: only to addresses that are allowed, and with a bound to what comes back."""

import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import httpcore2

from detector.delivery.address import resolved

ANSWER_BYTES = 65_536
"""The most that is read of one answer. Chosen: a status line, headers and the first words of a refusal take a few hundred
bytes."""
_AT_ONCE = 8_192
"""Bytes read at a time. Chosen: parsing them takes milliseconds, in which no other attempt moves."""


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Resolves names itself and connects to what it resolved, so that no second look-up can lead to another address.
    `private`: addresses of private networks are allowed; `anywhere`: a proxy, which the operator named, may be at any
    address."""

    def __init__(self, *, private: bool = False, anywhere: bool = False) -> None:
        self._private, self._anywhere = private, anywhere
        self._tcp = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """To the first address that takes the connection; each but the last gets its share of the time."""
        addresses = [host] if self._anywhere else await resolved(host, port, private=self._private)
        share = None if timeout is None else timeout / len(addresses)
        for address in addresses[:-1]:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return _BoundedStream(await self._tcp.connect_tcp(address, port, share, local_address, socket_options))
        return _BoundedStream(await self._tcp.connect_tcp(addresses[-1], port, timeout, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        await self._tcp.sleep(seconds)


class _BoundedStream(httpcore2.AsyncNetworkStream):
    """Gives up when more than `ANSWER_BYTES` have come."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream, self._left = stream, ANSWER_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(min(max_bytes, _AT_ONCE), timeout)
        self._left -= len(data)
        if self._left < 0:
            raise httpcore2.ReadError(f"an answer of more than {ANSWER_BYTES} bytes")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return _BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
