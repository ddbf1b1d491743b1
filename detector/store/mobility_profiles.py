"""Mobility profiles as arrays (the fields of their class in `domain.exposure`), and the removal of people."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

MADE_FROM = "habit by slots and people"
"""Mobility profiles of another layout are learned anew."""
Array = np.ndarray[Any, Any]


def without(profile: Mapping[str, Array], names: Sequence[str]) -> tuple[dict[str, Array], int]:
    """(the profile of everybody else, how many entries went): those who stay are numbered anew, still in order."""
    stays = ~np.isin(profile["subscribers"], np.array([name.encode() for name in names], dtype=bytes))
    keep = stays[profile["person"]]
    own_kept = keep[profile["own_at"]]
    number, place, own_place = (np.concatenate([[0], np.cumsum(kept)]) for kept in (stays, keep, own_kept))
    left = {**profile, "subscribers": profile["subscribers"][stays], "rate": profile["rate"][stays]}
    left |= {name: profile[name][keep] for name in ("cell", "like_s")}
    left["person"] = number[profile["person"][keep]].astype(np.int32)
    left["own_at"], left["own_s"] = place[profile["own_at"][own_kept]].astype(np.int32), profile["own_s"][own_kept]
    of_person = profile["of_person"][keep[profile["of_person"]]]
    left["of_person"] = place[of_person].astype(np.int32)
    left["person_start"] = np.concatenate([[0], np.cumsum(np.bincount(left["person"], minlength=int(stays.sum())))])
    left["slot_start"], left["own_start"] = place[profile["slot_start"]], own_place[profile["own_start"]]
    return left, int((~keep).sum())
