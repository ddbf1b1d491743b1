"""Out to the care systems: formats, signatures, transport, back-off and breaker; which row is next is the job's affair."""

from typing import TYPE_CHECKING

from detector.exports import on_demand

if TYPE_CHECKING:
    from detector.delivery.address import check_url, unresolved
    from detector.delivery.backoff import delay
    from detector.delivery.breaker import Breaker
    from detector.delivery.formats import FORMATS, Format, cloudevents, format_named
    from detector.delivery.message import Message, Outcome, Receiver
    from detector.delivery.receiver import DemoReceiver
    from detector.delivery.relay import deliver, send_test
    from detector.delivery.signing import signed_headers, verify
    from detector.delivery.transport import Gone, HttpTransport, authorities_of, check_proxy

__all__ = [
    "FORMATS",
    "Breaker",
    "DemoReceiver",
    "Format",
    "Gone",
    "HttpTransport",
    "Message",
    "Outcome",
    "Receiver",
    "authorities_of",
    "check_proxy",
    "check_url",
    "cloudevents",
    "delay",
    "deliver",
    "format_named",
    "send_test",
    "signed_headers",
    "unresolved",
    "verify",
]
__getattr__ = on_demand(
    __name__,
    {
        "address": ["check_url", "unresolved"],
        "backoff": ["delay"],
        "breaker": ["Breaker"],
        "formats": ["FORMATS", "Format", "cloudevents", "format_named"],
        "message": ["Message", "Outcome", "Receiver"],
        "receiver": ["DemoReceiver"],
        "relay": ["deliver", "send_test"],
        "signing": ["signed_headers", "verify"],
        "transport": ["Gone", "HttpTransport", "authorities_of", "check_proxy"],
    },
)
