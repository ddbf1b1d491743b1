"""A configured receiver: which alerts it takes, and the kind that serves it."""

from dataclasses import dataclass

from detector.delivery.kind import ReceiverKind, ReceiverSettings
from detector.domain.degradation import SEVERITIES


@dataclass(frozen=True)
class Receiver:
    """Where one care system listens. `teams` empty = every team's alerts."""

    name: str
    kind: ReceiverKind
    min_severity: str = "warning"
    teams: tuple[str, ...] = ()
    audience: str = "care"

    @property
    def url(self) -> str:
        return self.kind.url

    def wants(self, severity: str, team: str = "") -> bool:
        """Is an alert of this severity, meant for this care team, for this receiver?"""
        return self.audience == "care" and self._severe(severity) and (not self.teams or team in self.teams)

    def wants_feeds(self, severity: str) -> bool:
        """Is an alert about a feed for this receiver?"""
        return self.audience == "operations" and self._severe(severity)

    def _severe(self, severity: str) -> bool:
        return SEVERITIES.index(severity) >= SEVERITIES.index(self.min_severity)


def receiver_of(settings: ReceiverSettings) -> Receiver:
    """The receiver of one [[receivers]] entry.

    >>> from detector.delivery.receivers.cloudevents import CloudEventsSettings
    >>> url = "https://care.example/hook"
    >>> care = receiver_of(CloudEventsSettings(name="care", url=url, min_severity="major", teams=("consumer-care",)))
    >>> care.wants("critical", "consumer-care"), care.wants("minor", "consumer-care"), care.wants("major", "b2b")
    (True, False, False)
    """
    from detector.delivery.receivers import kind_of

    return Receiver(settings.name, kind_of(settings), settings.min_severity, settings.teams, settings.audience)
