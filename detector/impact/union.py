"""People on several lists, counted once."""

from collections import defaultdict
from collections.abc import Iterable

from detector.domain.impact import Affected, Listing


def union(rows: Iterable[Affected | Listing]) -> dict[str, float]:
    """Person -> chance to have suffered from any of the incidents on whose lists they are: 1 - prod (1 - p), as if incidents
    struck independently of each other; of several rows of one incident the highest counts. The sum is how many people were
    affected in all.

    >>> rows = [Affected(incident_id="inc_1", subscriber="ann", account="", basis="expected", probability=0.5,
    ...     exposure_s=9.0), Affected(incident_id="inc_2", subscriber="ann", account="", basis="measured", probability=0.5,
    ...     exposure_s=9.0)]
    >>> union([*rows, Affected(incident_id="inc_2", subscriber="bob", account="", basis="expected", probability=0.25,
    ...     exposure_s=9.0)])
    {'ann': 0.75, 'bob': 0.25}
    """
    of: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        own = of[row.subscriber]
        own[row.incident_id] = max(own.get(row.incident_id, 0.0), row.probability)
    well = dict.fromkeys(of, 1.0)
    for person, own in of.items():
        for chance in own.values():
            well[person] *= 1.0 - chance
    return {person: 1.0 - chance for person, chance in well.items()}
