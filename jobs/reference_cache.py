"""What is known of network and customers, for those who cannot wait while tables are read."""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillReading

from detector.domain.errors import PrecallError
from detector.domain.ports import Clock, Reference, ReferenceFeed

PATIENCE_S = 0.02
"""How long a caller on the phone waits for the newest tables; then the ones before answer. Chosen: not noticeable."""


class ReferenceCache:
    """Call it for the newest reference: read by a thread of its own, so that a large `subscribers.csv` that has changed
    holds up the first asker of all and nobody after. Raises what reading raises, until something has been read."""

    def __init__(self, source: ReferenceFeed, clock: Clock, patience_s: float = PATIENCE_S) -> None:
        self._source, self._clock, self._patience_s = source, clock, patience_s
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="known")
        self._reading: Future[Reference] | None = None
        self._last: Reference | None = None

    def begin(self) -> None:
        """Read in the background, before the first use."""
        self._reading = self._reader.submit(self._read)

    def __call__(self) -> Reference:
        reading = self._reading
        if reading is None or reading.done():
            reading = self._reading = self._reader.submit(self._read)
        if self._last is None:
            return reading.result()
        try:
            return reading.result(self._patience_s)
        except (StillReading, PrecallError):
            return self._last

    def _read(self) -> Reference:
        reference = self._source.reference(self._clock.now())
        if reference is not self._last:
            customers = reference.customers
            customers.consents_of, customers.withdrawn_by, customers.people_of, customers.lines, customers.roles_of  # noqa: B018  made once, here
        self._last = reference
        return reference
