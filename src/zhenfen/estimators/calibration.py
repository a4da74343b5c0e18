"""From log-odds to a probability that means what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from zhenfen.errors import ConfigError

FloatArray = NDArray[np.float64]
CalibrationKind = Literal["platt", "isotonic"]


@dataclass(frozen=True)
class Calibration:
    """A map from scores (log-odds, any real number) to probabilities, never falling.

    Attributes:
        kind: platt or isotonic.
        scores: platt: (slope, intercept) of a line in log-odds, slope >= 0. isotonic: scores of the knots, ascending.
        probas: isotonic: probability at each knot, never falling, straight lines between. platt: empty.
    """

    kind: CalibrationKind
    scores: tuple[float, ...]
    probas: tuple[float, ...] = ()

    def apply(self, scores: FloatArray) -> FloatArray:
        """Probabilities in [0, 1], shape (n,), of scores, shape (n,); NaN stays NaN."""
        if self.kind == "isotonic":
            return np.asarray(np.interp(scores, self.scores, self.probas), dtype=np.float64)
        from scipy.special import expit

        slope, intercept = self.scores
        return np.asarray(expit(slope * np.asarray(scores) + intercept), dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """The map as JSON can hold it."""
        return {"kind": self.kind, "scores": list(self.scores), "probas": list(self.probas)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibration:
        """The map that `to_dict` wrote.

        Raises:
            ConfigError: It is not a rising map.
        """
        try:
            scores, probas = (tuple(float(one) for one in values[name]) for name in ("scores", "probas"))
            calibration = cls(values["kind"], scores, probas)
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"calibration: expected kind, scores and probas, found {dict(values)}") from error
        if not calibration._is_rising():
            raise ConfigError(f"calibration: expected a map that never falls, found {dict(values)}")
        return calibration

    def _is_rising(self) -> bool:
        if not np.isfinite([*self.scores, *self.probas]).all() or self.kind not in get_args(CalibrationKind):
            return False
        if self.kind == "platt":
            return len(self.scores) == len(("slope", "intercept")) and self.scores[0] >= 0
        is_share = all(0 <= one <= 1 for one in self.probas)
        n_knots = len(self.scores)
        return (
            is_share and n_knots == len(self.probas) > 0 and _is_ascending(self.scores) and _is_ascending(self.probas)
        )


def fit_calibration(
    scores: FloatArray,
    labels: NDArray[np.int64],
    weights: FloatArray | None = None,
    kind: CalibrationKind = "platt",
) -> Calibration:
    """Fit the map on rows that the classifier has not seen.

    platt: logistic regression on the score with softened labels (Platt 1999, "Probabilistic outputs for support vector
    machines"; Lin, Lin & Weng 2007): two numbers, for a few hundred rows. A detector that points the wrong way gets a
    flat line, not a falling one.
    isotonic: pool adjacent violators (Zadrozny & Elkan 2002), which needs about a thousand rows (Niculescu-Mizil &
    Caruana 2005); kept off 0 and 1 by the rule of succession, 1 / (n + 2).

    Args:
        scores: Log-odds, shape (n,).
        labels: 1 fake, 0 genuine, shape (n,); both must be there.
        weights: Weight of each row, shape (n,); None for 1.
        kind: Form of the map.

    Raises:
        ValueError: Only one kind of label, or a score that is not a number.
    """
    is_fake = np.asarray(labels) == 1
    if is_fake.all() or not is_fake.any() or not np.isfinite(scores).all():
        raise ValueError("calibration needs finite scores of both fake and genuine rows")
    weights = np.ones(len(is_fake)) if weights is None else weights
    scores = np.asarray(scores, dtype=np.float64)
    if kind == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        least = 1 / (len(scores) + 2)
        fitted = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(scores, is_fake, weights)
        return Calibration("isotonic", tuple(fitted.X_thresholds_.tolist()), tuple(fitted.y_thresholds_.tolist()))
    from sklearn.linear_model import LogisticRegression

    n_fake, n_genuine = weights[is_fake].sum(), weights[~is_fake].sum()
    soft = np.where(is_fake, (n_fake + 1) / (n_fake + 2), 1 / (n_genuine + 2))
    # A soft label is a row of each kind, weighted.
    rows, kinds = np.r_[scores, scores][:, None], np.r_[np.ones(len(scores)), np.zeros(len(scores))]
    line = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-9, max_iter=1000)
    line.fit(rows, kinds, sample_weight=np.r_[weights * soft, weights * (1 - soft)])
    slope, intercept = float(line.coef_[0, 0]), float(line.intercept_[0])
    if slope < 0:
        share = (weights @ soft) / weights.sum()
        slope, intercept = 0.0, float(np.log(share / (1 - share)))
    return Calibration("platt", (slope, intercept))


def _is_ascending(values: tuple[float, ...]) -> bool:
    return bool((np.diff(values) >= 0).all())
