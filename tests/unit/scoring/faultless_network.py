"""A small network that is well: wandering quality, overdispersed counts, autocorrelated load, a common regional factor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi

MONDAY = 1772409600  # 2026-03-02T00:00:00Z


def kpi(name: str, kind: str, direction: str, **more: object) -> Kpi:
    families = {
        "ratio": "accessibility",
        "rate": "retainability",
        "mean": "integrity",
        "gauge": "utilisation",
        "volume": "volume",
    }
    floor = 0.01 if kind == "ratio" else 0.2
    given = {
        "family": families.get(kind, ""),
        "technology": "LTE",
        "floor": floor,
        "unit": "",
        "clause": "",
        "numerator": "",
    } | more
    return Kpi(id=name, title=name, kind=kind, direction=direction, **given)  # type: ignore[arg-type]


SETUP = kpi("setup_sr", "ratio", "up")
DROP = kpi("drop", "ratio", "down")
LOSS = kpi("erab_ret", "rate", "down")
SPEED = kpi("thp_dl", "mean", "up")
PRB = kpi("prb_dl", "gauge", "none")
TRAFFIC = kpi("attempts", "volume", "up")
KPIS = (SETUP, DROP, LOSS, SPEED, PRB, TRAFFIC)


@dataclass(frozen=True, kw_only=True)
class Network:
    cells: int = 40
    days: int = 14
    period_s: int = 900
    seed: int = 1
    attempts: float = 120.0
    failing: float = 0.01
    overdispersion: float = 0.005
    wander: float = 0.2

    def frame(self, kpis: tuple[Kpi, ...] = KPIS) -> KpiFrame:
        """Counts of every KPI; the same seed gives the same network."""
        rng = np.random.default_rng(self.seed)
        n = self.days * 86400 // self.period_s
        starts = MONDAY + self.period_s * np.arange(n)
        load = self._load(rng, starts)
        made = {
            "setup_sr": self._ratio(rng, load, self.failing, up=True),
            "drop": self._ratio(rng, load, 0.004, up=False),
            "erab_ret": self._rate(rng, load),
            "thp_dl": self._speed(rng, load),
            "prb_dl": (self._busy(load), np.ones_like(load)),
            "attempts": (rng.poisson(load).astype(float), np.ones_like(load)),
        }
        num, den = (np.stack([made[k.id][side] for k in kpis], axis=2) for side in (0, 1))
        names = tuple(f"c{i:03d}" for i in range(self.cells))
        return KpiFrame(
            starts=starts,
            duration_s=self.period_s,
            objects=names,
            kpis=kpis,
            numerator=num,
            denominator=den,
            suspect=np.zeros((n, self.cells), bool),
        )

    def _ar1(self, rng: np.random.Generator, n: int, width: int, hours: float, sd: float) -> NDArray[np.float64]:
        phi = np.exp(-self.period_s / 3600 / hours)
        noise = rng.normal(0, sd * np.sqrt(1 - phi**2), (n, width))
        noise[0] /= np.sqrt(1 - phi**2)
        for t in range(1, n):
            noise[t] += phi * noise[t - 1]
        return noise

    def _load(self, rng: np.random.Generator, starts: NDArray[np.int64]) -> NDArray[np.float64]:
        hour = starts / 3600 % 24
        day = 0.15 + 0.85 * np.exp(-(((hour - 15) / 5) ** 2)) * np.where(starts // 86400 % 7 == 3, 0.8, 1.0)
        own = self._ar1(rng, len(starts), self.cells, 3, 0.2) + self._ar1(rng, len(starts), 1, 6, 0.1)
        size = self.attempts * np.exp(rng.normal(0, 0.5, self.cells)) * self.period_s / 900 / 0.6
        return np.asarray(size * day[:, None] * np.exp(own))

    def _fraction(self, rng: np.random.Generator, shape: tuple[int, ...], base: float) -> NDArray[np.float64]:
        logit = np.log(base / (1 - base)) + rng.normal(0, 0.4, shape[1]) + self._ar1(rng, *shape, 3, self.wander)
        return np.asarray(1 / (1 + np.exp(-logit)))

    def _ratio(self, rng: np.random.Generator, load: NDArray[np.float64], base: float, *, up: bool):  # type: ignore[no-untyped-def]
        n = rng.poisson(load)
        q, s = self._fraction(rng, load.shape, base), 1 / self.overdispersion - 1
        failed = rng.binomial(n, rng.beta(q * s, (1 - q) * s))
        return (n - failed if up else failed).astype(float), n.astype(float)

    def _rate(self, rng: np.random.Generator, load: NDArray[np.float64]):  # type: ignore[no-untyped-def]
        seconds = load * 60
        mean = seconds * 2e-4 * np.exp(self._ar1(rng, *load.shape, 3, self.wander))
        return rng.poisson(mean * rng.gamma(5, 0.2, load.shape)).astype(float), seconds

    def _busy(self, load: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(load / (load + load.mean(axis=0)))

    def _speed(self, rng: np.random.Generator, load: NDArray[np.float64]):  # type: ignore[no-untyped-def]
        noise = rng.normal(0, 0.1, load.shape) + self._ar1(rng, *load.shape, 3, 0.1)
        seconds = load * 20
        return seconds * 30 * np.exp(-1.0 * self._busy(load) + noise), seconds
