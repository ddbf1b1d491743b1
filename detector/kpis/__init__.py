"""Counters to KPIs: the catalogue, its formulas, and ratios as counts until they are shown."""

from detector.kpis.aggregation import aggregate, display_products
from detector.kpis.catalogue import Catalogue, Counter, load_catalogue
from detector.kpis.compute import compute
from detector.kpis.formula import Formula, compile_formula
from detector.kpis.names import CounterNames
from detector.kpis.objects import ObjectNames

__all__ = [
    "Catalogue",
    "Counter",
    "CounterNames",
    "Formula",
    "ObjectNames",
    "aggregate",
    "compile_formula",
    "compute",
    "display_products",
    "load_catalogue",
]
