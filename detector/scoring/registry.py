"""Which scorer judges which kind of KPI: a new one is a file and a line here."""

from detector.scoring.beta_binomial import BetaBinomial
from detector.scoring.collapse import Collapse
from detector.scoring.negative_binomial import NegativeBinomial
from detector.scoring.residual import Residual
from detector.scoring.scorer import Scorer
from detector.scoring.state import State

SCORERS: dict[str, Scorer] = {
    "ratio": BetaBinomial(),
    "rate": NegativeBinomial(),
    "mean": Residual(),
    "gauge": Residual(),
    "state": State(),
    "volume": Collapse(),
}
"""Kind of KPI (`domain.kpi.KPI_KINDS`, all that are computed) -> its scorer."""
