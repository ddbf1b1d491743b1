"""By which the keys of a store are known again."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KeyFingerprints:
    """`identity`: version of the identity key -> fingerprint; `vault`: those of the vault keys in the order of their use."""

    identity: Mapping[int, str] = field(default_factory=dict)
    vault: tuple[str, ...] = ()
