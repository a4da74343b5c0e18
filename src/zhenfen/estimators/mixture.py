"""Several classifiers whose log-odds are averaged, by where a row comes from: experts for platforms with labels, a
shared one for all.

A platform whose accounts were labelled is best judged by trees grown on them; the signs that hold everywhere are best
learned from all. The mean of their log-odds is additive, so that what a feature adds is exact for the mixture as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, ValidationError

from zhenfen.config import Strict
from zhenfen.errors import ConfigError
from zhenfen.estimators.tabular import TabularClassifier, to_columns

Array = npt.NDArray[np.float64]
ROUTES_FILE = "routes.json"


class Route(Strict):
    """Which members judge a row, and how much each counts.

    Attributes:
        platform: Rows it is for; None for all.
        feature: A feature that has to reach `at_least` beside, None for no such condition; null does not reach it.
        at_least: Its smallest value.
        weights: Member → weight of its log-odds.
    """

    platform: str | None = None
    feature: str | None = None
    at_least: float = 0.0
    weights: dict[str, float] = Field(min_length=1)

    def find(self, X: pl.DataFrame, platforms: pl.Series) -> npt.NDArray[np.bool_]:
        """The rows that the route is for, shape (n,)."""
        here = np.ones(len(platforms), dtype=np.bool_)
        if self.platform is not None:
            here &= find_platform(platforms, self.platform)
        if self.feature is not None:
            here &= _to_mask(X[self.feature] >= self.at_least)
        return here


class Routes(Strict):
    """Routes in the order they are tried: a row takes the first that it fits, so the last is for all."""

    routes: tuple[Route, ...] = Field(min_length=1)


class Mixture:
    """Members by name, and who judges what. Higher scores are more suspicious.

    Attributes:
        members: Name → classifier.
        routes: Tried in order; the last has no condition.
        feature_names_: Union of the members' features, in order of first appearance.
    """

    def __init__(self, members: Mapping[str, TabularClassifier], routes: Sequence[Route]) -> None:
        """Put together.

        Raises:
            ConfigError: A route names no member, or rows are left without one.
        """
        unknown = sorted({name for route in routes for name in route.weights} - set(members))
        if unknown:
            raise ConfigError(f"routes: expected members among {', '.join(members)}, found {', '.join(unknown)}")
        if routes[-1].platform is not None or routes[-1].feature is not None:
            raise ConfigError("routes: expected the last to be for all rows, found one with a condition")
        self.members, self.routes = dict(members), tuple(routes)
        names = (name for member in members.values() for name in member.feature_names_)
        self.feature_names_: tuple[str, ...] = tuple(dict.fromkeys(names))

    def decision_function(self, X: pl.DataFrame, platforms: pl.Series) -> Array:
        """Log-odds of each row, before calibration, shape (n,).

        Args:
            X: Every feature of the members as a column, found by name; null where unknown.
            platforms: Of the rows, null where unknown.
        """
        scores = np.zeros(X.height)
        columns = to_columns(X, self.feature_names_)
        for member, weight in self._weigh(X, platforms):
            here = weight > 0
            if here.all():
                scores += weight * member.score(columns)
            else:
                wanted = {name: columns[name][here] for name in member.feature_names_}
                scores[here] += weight[here] * member.score(wanted)
        return scores

    def contributions(self, X: pl.DataFrame, platforms: pl.Series) -> Array:
        """What each feature adds to a row's log-odds (TreeSHAP, exact), shape (n, n_features + 1).

        The last column is the base; every row sums to its `decision_function`.
        """
        parts = np.zeros((X.height, len(self.feature_names_) + 1))
        for member, weight in self._weigh(X, platforms):
            places = np.array([*(self.feature_names_.index(name) for name in member.feature_names_), -1])
            rows = np.flatnonzero(weight > 0)
            found = member.contributions(X[rows])
            parts[np.ix_(rows, places)] += weight[rows, None] * found
        return parts

    @property
    def writers(self) -> dict[str, Callable[[Path], None]]:
        """File name → what writes it: each member's trees, and the routes. `load` reads them."""
        routes = Routes(routes=self.routes).model_dump_json(indent=1) + "\n"
        trees = {f"{name}.txt": member.save for name, member in self.members.items()}
        return {**trees, ROUTES_FILE: lambda path: _write(path, routes)}

    @classmethod
    def load(cls, folder: Path) -> Mixture:
        """Read what `writers` wrote.

        Raises:
            ConfigError: A file cannot be read, or names what is not there.
        """
        path = folder / ROUTES_FILE
        try:
            routes = Routes.model_validate_json(path.read_text(encoding="utf-8")).routes
        except (OSError, UnicodeDecodeError, ValidationError) as error:
            raise ConfigError(f"{path}: expected routes to members ({error})") from error
        names = dict.fromkeys(name for route in routes for name in route.weights)
        return cls({name: TabularClassifier.load(folder / f"{name}.txt") for name in names}, routes)

    def _weigh(self, X: pl.DataFrame, platforms: pl.Series) -> list[tuple[TabularClassifier, Array]]:
        """Each member with its weight for every row, shape (n,)."""
        weights = {name: np.zeros(X.height) for name in self.members}
        free = np.ones(X.height, dtype=np.bool_)
        for route in self.routes:
            here = free & route.find(X, platforms)
            free &= ~here
            for name, weight in route.weights.items():
                weights[name][here] = weight
        return [(self.members[name], weight) for name, weight in weights.items() if weight.any()]


def find_platform(platforms: pl.Series, name: str) -> npt.NDArray[np.bool_]:
    """Rows of the platform `name`, shape (n,); a row whose platform is unknown is of none."""
    return _to_mask(platforms == name)


def _to_mask(found: pl.Series) -> npt.NDArray[np.bool_]:
    # Nulls are filled only where there are some: it takes ten times as long as comparing a few rows.
    return (found.fill_null(value=False) if found.null_count() else found).to_numpy()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
