"""Out to the care systems: kinds of receivers, transport, back-off and breaker; which alert is next is the job's affair."""

from typing import TYPE_CHECKING

from detector.exports import on_demand

if TYPE_CHECKING:
    from detector.delivery.address import check_url
    from detector.delivery.backoff import delay
    from detector.delivery.breaker import Breaker
    from detector.delivery.check import receiver_problems
    from detector.delivery.demo_receiver import DemoReceiver
    from detector.delivery.receiver import Receiver, receiver_of
    from detector.delivery.receivers.cloudevents import cloudevents
    from detector.delivery.relay import FrozenAlert, Outcome, deliver, send_test
    from detector.delivery.signing import signed_headers, verify
    from detector.delivery.transport import HttpTransport

__all__ = [
    "Breaker",
    "DemoReceiver",
    "FrozenAlert",
    "HttpTransport",
    "Outcome",
    "Receiver",
    "check_url",
    "cloudevents",
    "delay",
    "deliver",
    "receiver_of",
    "receiver_problems",
    "send_test",
    "signed_headers",
    "verify",
]
__getattr__ = on_demand(
    __name__,
    {
        "address": ["check_url"],
        "backoff": ["delay"],
        "breaker": ["Breaker"],
        "check": ["receiver_problems"],
        "demo_receiver": ["DemoReceiver"],
        "receiver": ["Receiver", "receiver_of"],
        "receivers.cloudevents": ["cloudevents"],
        "relay": ["FrozenAlert", "Outcome", "deliver", "send_test"],
        "signing": ["signed_headers", "verify"],
        "transport": ["HttpTransport"],
    },
)
