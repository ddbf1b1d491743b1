"""Which scorer judges which kind of KPI: a new one is a file and a line here."""

from detector.domain.kpi import Kpi
from detector.scoring.beta_binomial import BetaBinomial
from detector.scoring.collapse import Collapse
from detector.scoring.negative_binomial import NegativeBinomial
from detector.scoring.residual import Residual
from detector.scoring.scorer import Scorer
from detector.scoring.state import State

REGISTERED: tuple[Scorer, ...] = (BetaBinomial(), NegativeBinomial(), Residual(), State(), Collapse())
SCORERS: dict[str, Scorer] = {kind: scorer for scorer in REGISTERED for kind in scorer.kinds}
"""KPI kind -> its scorer."""


def judged(kpi: Kpi) -> bool:
    """It gives evidence: not for display, not mere context, and a volume only where more is better."""
    return kpi.judged and kpi.kind in SCORERS
