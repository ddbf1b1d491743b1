"""Baselines and evidence: how surely and by how much each object and KPI is worse than it should be."""

from detector.scoring.bands import band
from detector.scoring.baseline import Baseline, from_arrays
from detector.scoring.changepoint import lookback
from detector.scoring.fitting import fit
from detector.scoring.registry import SCORERS
from detector.scoring.scorer import Sample, Scorer
from detector.scoring.tick import score

__all__ = ["SCORERS", "Baseline", "Sample", "Scorer", "band", "fit", "from_arrays", "lookback", "score"]
