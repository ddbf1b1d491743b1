"""Habits as arrays (the fields of `domain.exposure.Habit`), and people out of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

MADE_FROM = "habit by slots and people"
"""Habits of another layout are learned anew."""
Array = np.ndarray[Any, Any]


def without(habit: Mapping[str, Array], names: Sequence[str]) -> tuple[dict[str, Array], int]:
    """(the habits of everybody else, how many entries went): those who stay are numbered anew, still in order."""
    stays = ~np.isin(habit["subscribers"], np.array([name.encode() for name in names], dtype=bytes))
    keep = stays[habit["person"]]
    own_kept = keep[habit["own_at"]]
    number, place, own_place = (np.concatenate([[0], np.cumsum(kept)]) for kept in (stays, keep, own_kept))
    left = {**habit, "subscribers": habit["subscribers"][stays], "rate": habit["rate"][stays]}
    left |= {name: habit[name][keep] for name in ("cell", "like_s")}
    left["person"] = number[habit["person"][keep]].astype(np.int32)
    left["own_at"], left["own_s"] = place[habit["own_at"][own_kept]].astype(np.int32), habit["own_s"][own_kept]
    of_person = habit["of_person"][keep[habit["of_person"]]]
    left["of_person"] = place[of_person].astype(np.int32)
    left["person_start"] = np.concatenate([[0], np.cumsum(np.bincount(left["person"], minlength=int(stays.sum())))])
    left["slot_start"], left["own_start"] = place[habit["slot_start"]], own_place[habit["own_start"]]
    return left, int((~keep).sum())
