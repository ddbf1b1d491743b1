"""KPIs of groups, and products for people: always a ratio of sums, never a mean of ratios."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import scipy
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.kpis.catalogue import factors


def aggregate(frame: KpiFrame, groups: Mapping[str, Collection[str]]) -> KpiFrame:
    """The same periods and KPIs for groups of objects (name -> members): numerators and denominators are summed.

    Members that are missing, in the frame or in a period, do not count; a group without any is NaN, and suspect if any
    member is. A member named in two groups counts in both.
    """
    rows, members = _membership(frame, groups)
    known = np.isfinite(frame.numerator) & np.isfinite(frame.denominator)
    some = _summed(members, known.astype(np.float64), rows) > 0
    numerator, denominator = (
        np.where(some, _summed(members, np.where(known, part, 0.0), rows), np.nan)
        for part in (frame.numerator, frame.denominator)
    )
    suspect = _summed(members, frame.suspect.astype(np.float64)[:, :, None], rows)[:, :, 0] > 0
    return KpiFrame(
        starts=frame.starts,
        duration_s=frame.duration_s,
        objects=tuple(groups),
        kpis=frame.kpis,
        numerator=numerator,
        denominator=denominator,
        suspect=suspect,
    )


def _membership(frame: KpiFrame, groups: Mapping[str, Collection[str]]) -> tuple[int, "scipy.sparse.csr_array"]:
    index = frame.object_index
    pairs = [(g, index[m]) for g, own in enumerate(groups.values()) for m in set(own) if m in index]
    at = np.array(pairs, np.intp).reshape(-1, 2)
    return len(groups), scipy.sparse.csr_array(
        (np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(len(groups), len(frame.objects))
    )


def _summed(members: "scipy.sparse.csr_array", values: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """[p, o, k] -> [p, g, k]."""
    periods, objects, kpis = values.shape
    flat = values.transpose(1, 0, 2).reshape(objects, periods * kpis)
    return np.asarray(members @ flat, np.float64).reshape(groups, periods, kpis).transpose(1, 0, 2)


def display_products(frame: KpiFrame, products: Iterable[Kpi]) -> KpiFrame:
    """Display KPIs (`Catalogue.products`) of the frame as it is: value = product of the factors' values, over 1.

    Multiply last: products of sums may be shown, sums of products may not. NaN where a factor is unknown.
    """
    products = tuple(products)
    shape = (*frame.value.shape[:2], len(products))
    values = np.ones(shape)
    blank = np.full(shape[:2], np.nan)
    for k, product in enumerate(products):
        for choices in factors(product):
            factor = blank
            for choice in choices:
                column = frame.kpi_index.get(choice)
                own = blank if column is None else frame.value[:, :, column]
                factor = np.where(np.isnan(factor), own, factor)
            values[:, :, k] *= factor
    ones = np.where(np.isfinite(values), 1.0, np.nan)
    return KpiFrame(
        starts=frame.starts,
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=products,
        numerator=values,
        denominator=ones,
        suspect=frame.suspect,
    )
