"""What MLflow runs when it serves a registered model: the shelf's files, scored by the code that everybody else uses.

MLflow copies this file into the registered version ("models from code") and runs it on loading, so that nothing is
unpickled. `zhenfen` itself must be installed where it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class ServedModel(PythonModel):
    """Scores rows of a table of the contract, in the order given; one class for all models."""

    def load_context(self, context: Any) -> None:
        """Open the shelf folder among the artifacts; a changed file is an error."""
        from zhenfen.scoring.frames import open_scorer

        self.scorer = open_scorer(Path(context.artifacts["shelf"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Scores of the rows.

        Args:
            context: Not read.
            model_input: Columns of the model's table; absent ones are unknown.
            params: as_of, an ISO moment that ages are counted at; empty: the latest time among the rows.

        Raises:
            MlflowException: Rows cannot be used; a server answers 400 and names each by row and column.
        """
        import polars as pl

        from zhenfen.errors import ZhenfenError

        rows = pl.from_pandas(model_input, nan_to_null=True)
        try:
            return self.scorer(rows, (params or {}).get("as_of") or None).to_pandas()
        except ZhenfenError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error


set_model(ServedModel())
