"""Checks of the configured receivers: addresses, secrets, unknown names. Nothing is sent."""

from collections.abc import Iterator, Sequence

from detector.delivery.address import check_proxy, check_url, unresolved
from detector.delivery.receiver import Receiver
from detector.domain.errors import PrecallError

RESOLVED_WITHIN_S = 5.0
"""How long a look-up of a receiver's host may take. Chosen: the time-out of a resolver's first attempt (resolv.conf(5))."""


def receiver_problems(receivers: Sequence[Receiver]) -> Iterator[str]:
    """One line for each receiver that alerts cannot reach, or for there being none."""
    if not receivers:
        yield "receivers: none configured; alerts are stored and sent to nobody"
    asked: dict[str, str] = {}
    for receiver in receivers:
        try:
            receiver.kind.check()
        except PrecallError as error:
            yield f"receiver '{receiver.name}': {error}"
        else:
            asked[receiver.name] = receiver.kind.route.proxy or receiver.url  # a proxy looks the receiver's name up itself
    inside = [asked[one.name] for one in receivers if one.name in asked and (one.kind.route.private or one.kind.route.proxy)]
    unknown = unresolved(list(asked.values()), within_s=RESOLVED_WITHIN_S, private=inside)
    for receiver in receivers:
        if why := unknown.get(asked.get(receiver.name, "")):
            proxy = receiver.kind.route.proxy
            shown = check_proxy(proxy) if proxy else check_url(receiver.url, private=True)
            yield f"receiver '{receiver.name}': {shown}: {why}"
