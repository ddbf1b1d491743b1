"""Carries due alerts to their receivers, each receiver served by itself."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from time import monotonic

import structlog

from detector import delivery
from detector.delivery import Outcome, Receiver
from detector.domain.errors import Permanent, PrecallError
from detector.domain.message import Message
from detector.domain.transport import Transport
from detector.store import Store
from detector.store.outbox import LEASE_S
from jobs.ledger import Checkpoint, no_checkpoint
from jobs.push.breakers import Breakers
from jobs.push.final_check import FinalCheck, retract_requests

log = structlog.get_logger()
_TOO_OLD = "too old to be of use"
_ROUND_S = 60.0
"""How long one push sends to one receiver; the next one goes on. Chosen: below the deadline of a job."""
_SPARE_S = 5.0
"""Part of a lease for the store's own work after an attempt. Chosen: far more than a commit takes."""
_MENDING_S = 60.0
"""How long a message waits for what only the operator can correct. Chosen: a minute."""


@dataclass(kw_only=True)
class Relay:
    """Carries due alerts to `receivers`, each served by itself. `attempt_s` is the transport's time-out. Several threads
    may push at once, each for its receiver."""

    store: Store
    transport: Transport
    receivers: Mapping[str, Receiver]
    final_check: FinalCheck
    max_attempts: int
    attempt_s: float = 15.0
    breakers: Breakers = field(default_factory=Breakers)
    checkpoint: Checkpoint = no_checkpoint
    _stop_requested: Event = field(default_factory=Event)

    def push(self, *, event_now: float, wall_now: float, receiver: str | None = None) -> Counter[str]:
        """Send what is due by `wall_now`, to one receiver or to all, side by side; returns outcomes by state. `event_now`
        decides what has expired.

        At least once: a crash between sending and noting it sends the same bytes under the same key again.
        """
        self.breakers.follow_clock(self.store.outbox, wall_now)
        if receiver is not None:
            return self._serve(receiver, event_now, wall_now)
        outcomes = self.clear_unconfigured(wall_now, event_now)
        names = sorted(self.receivers)
        if len(names) < 2:
            return sum((self._serve(name, event_now, wall_now) for name in names), outcomes)
        with ThreadPoolExecutor(len(names), "push") as lanes:
            served = [lanes.submit(self._serve, name, event_now, wall_now) for name in names]
        return sum((one.result() for one in served), outcomes)

    def clear_unconfigured(self, wall_now: float, event_now: float) -> Counter[str]:
        """What waits for receivers that are not in the settings any more is dead."""
        outcomes: Counter[str] = Counter()
        for message in self.store.outbox.claim(wall_now, besides=sorted(self.receivers)):
            late = event_now >= message.expires_at
            why = _TOO_OLD if late else f"receiver '{message.receiver}' is not configured"
            outcomes[self._finish(message, "expired" if late else "dead", wall_now, why)] += 1
        return outcomes

    def stop(self) -> None:
        """Ends the attempts under way and begins no more; what was claimed is due again. Returns at once, in any thread."""
        self._stop_requested.set()
        self.transport.cancel()

    def _serve(self, name: str, event_now: float, wall_now: float) -> Counter[str]:
        """One receiver's due alerts, one after another; what is not begun while they are leased is due again."""
        began, lease_s = monotonic(), max(LEASE_S, 2 * self.attempt_s)
        outcomes: Counter[str] = Counter()
        if self._stop_requested.is_set() or not self.breakers[name].allows(wall_now):
            return outcomes
        claimed = self.store.outbox.claim(wall_now, receiver=name, lease_s=lease_s)
        for number, message in enumerate(claimed):
            self.checkpoint("push.claimed")
            passed = int(monotonic() - began)  # whole seconds: a wait does not depend on how fast this machine is
            if self._stop_requested.is_set() or passed > min(_ROUND_S, lease_s - self.attempt_s - _SPARE_S):
                self.store.outbox.release(claimed[number:], at=wall_now + passed)
                break
            if not (breaker := self.breakers[name]).allows(wall_now + passed):
                self.store.outbox.release(claimed[number:], at=max(breaker.retry_at, wall_now + passed + 1))
                outcomes["held"] += len(claimed) - number
                break
            outcomes[self._safely(message, event_now, wall_now + passed)] += 1
        return outcomes

    def _safely(self, message: Message, event_now: float, wall_now: float) -> str:
        try:
            return self._relay(message, event_now, wall_now)
        except PrecallError:  # the store's: it is the same for every message
            raise
        except Exception as error:  # noqa: BLE001  a fault of ours in one alert must not hold back all the others
            made, why = message.attempts + 1, f"{type(error).__name__}: {error}"[:300]
            log.error("alert failed unexpectedly, will be tried again", alert=message.key, reason=why)
            if made >= self.max_attempts:
                return self._finish(message, "dead", wall_now, f"{why}; gave up after {made} attempts")
            self.store.outbox.retry(message, at=wall_now + delivery.delay(made + 1, key=message.key), error=why)
            return "retry"

    def _relay(self, message: Message, event_now: float, wall_now: float) -> str:
        receiver = self.receivers.get(message.receiver)
        if event_now >= message.expires_at:
            self._finish(message, "expired", wall_now, _TOO_OLD)
            retract_requests(self.store, message, event_now)
            return "expired"
        if receiver is None:
            return self._finish(message, "dead", wall_now, f"receiver '{message.receiver}' is not configured")
        if self.store.outbox.is_off(receiver.name, receiver.url):
            mend = "it answered 410; give its new address, or redrive when it is back"
            return self._finish(message, "dead", wall_now, f"receiver '{receiver.name}' is switched off: {mend}")
        try:
            body = self.final_check.body(message, receiver, event_now)
        except Permanent as error:
            return self._finish(message, "dead", wall_now, str(error))
        except PrecallError as error:  # the operator, or time, may mend it
            self.store.outbox.retry(message, at=wall_now + _MENDING_S, error=str(error), counted=False)
            return "held"
        if body is None:
            return "withdrawn"
        self.breakers.probe(receiver.name, wall_now)
        frozen = delivery.FrozenAlert(message.key, body, message.attempts, message.expires_at)
        outcome = delivery.deliver(
            frozen,
            receiver,
            self.transport,
            event_now=event_now,
            wall_now=wall_now,
            max_attempts=self.max_attempts,
        )
        self.checkpoint("push.sent")
        self._note(message, receiver, outcome, wall_now)
        self.checkpoint("push.noted")
        return outcome.state

    def _note(self, message: Message, receiver: Receiver, outcome: Outcome, wall_now: float) -> None:
        self.breakers.after(receiver.name, answered=outcome.answered, wall_now=wall_now)
        if outcome.state == "interrupted":
            self.store.outbox.release([message], at=wall_now)
            return
        if outcome.disable:
            self.store.outbox.switch_off(receiver.name, receiver.url)
        if outcome.state == "retry" and outcome.at is not None:
            self.store.outbox.retry(message, at=outcome.at, error=outcome.reason)
        else:
            self._finish(message, outcome.state, wall_now, outcome.reason)
        failed = not outcome.answered and outcome.state in ("retry", "dead")
        self.store.receiver_states.note(receiver.name, failed=failed, at=wall_now)

    def _finish(self, message: Message, state: str, at: float, error: str) -> str:
        self.store.outbox.finish(message, state=state, at=at, error=error)
        return state
