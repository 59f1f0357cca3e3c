"""Is synthetic training as good as real training, by a margin named before anything was measured?"""

import enum

from train_eval.evaluation.bootstrap import Estimate


class Verdict(enum.Enum):
    """The three things a measurement can say."""

    NON_INFERIOR = "non-inferior"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


def verdict(synthetic_minus_real: Estimate, margin: float) -> Verdict:
    """Judge the 95 % interval of AP (synthetic-only minus real-only), a fraction like `margin`.

    Non-inferior: all of it lies above -margin. Worse: all of it lies below -margin. Inconclusive: -margin is
    inside, or there is no interval. So an interval below 0 may be any of the three: a loss may be certain and
    yet small. (CONSORT extension for non-inferiority trials, Piaggio et al., JAMA 308, 2012.)
    """
    if synthetic_minus_real.low > -margin:
        return Verdict.NON_INFERIOR
    if synthetic_minus_real.high < -margin:
        return Verdict.WORSE
    return Verdict.INCONCLUSIVE
