"""An MLflow registry that answers: versions, aliases, promotions. The only importer of mlflow in this package."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from zhenfen.errors import ConfigError, RegistryUnreachableError
from zhenfen.model_registry.files import SHELF, keep_files
from zhenfen.model_registry.reference import (
    CHAMPION,
    HASH_TAG,
    LABEL_TAG,
    PREFIX,
    ModelReference,
    Registered,
    check_name,
)

DEFAULT_STORE = Path("mlflow.db")
"""Where MLflow keeps a store when told nothing: a SQLite file in the current folder."""
HISTORY_TAG = "champions"
LOCK_SUFFIX = ".promotion"
STALE_SECONDS = 60
"""A promotion holds its lock for a few requests; one that is older was left by a process that was killed."""
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_MODEL_CATALOG_URI": "",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A server that is not there is told of at once, not after minutes of further tries.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


def registry_uri(chosen: str | None = None) -> str | None:
    """The registry to ask: `chosen`, else MLFLOW_TRACKING_URI, else ./mlflow.db; None where there is none of them."""
    named = chosen or os.environ.get("MLFLOW_TRACKING_URI")
    return named or (f"sqlite:///{DEFAULT_STORE}" if DEFAULT_STORE.is_file() else None)


def keep_quiet() -> None:
    """Set what keeps MLflow from reporting, calling outside, unpickling and waiting; what the user set stays."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def root_cause(error: BaseException) -> str:
    """What an error of MLflow comes down to, in one line: "Connection refused", "No space left on device"."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(inner)
    last = next((one for one in reversed(chain) if isinstance(one, OSError)), error)
    return (getattr(last, "strerror", None) or str(last)).partition("\n")[0]


class Registry:
    """A registry that answered.

    Args:
        uri: Of the store: sqlite:///…, http(s)://…; see `registry_uri`.

    Raises:
        RegistryUnreachableError: There is none, or it does not answer.
        ConfigError: mlflow is not installed.
    """

    def __init__(self, uri: str | None) -> None:
        if uri is None:
            raise RegistryUnreachableError("no registry: expected MLFLOW_TRACKING_URI or a file mlflow.db here")
        keep_quiet()
        self.uri = uri
        self._mlflow = _import_mlflow()
        # MLflow would make a new, empty store where a file is missing.
        if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).is_file():
            raise RegistryUnreachableError(f"{uri}: the registry does not answer (no such file)")
        with self.asking():
            self.client = self._mlflow.MlflowClient(uri, uri)
            self.client.search_registered_models(max_results=1)

    def list_versions(self, name: str) -> list[Registered]:
        """All versions of a model that hold a shelf folder, oldest first."""
        with self.asking():
            found = self.client.search_model_versions(f"name = '{PREFIX}{check_name(name)}'")
            models = {str(one.version): one for one in found if HASH_TAG in one.tags}
            model = self._model(name)
            aliases = {} if model is None else {alias: str(version) for alias, version in model.aliases.items()}
        return [
            Registered(
                name,
                int(one.version),
                one.run_id or None,
                tuple(sorted(alias for alias, version in aliases.items() if version == str(one.version))),
                datetime.fromtimestamp(one.creation_timestamp / 1000, UTC),
                one.tags[HASH_TAG],
                one.tags.get(LABEL_TAG, ""),
            )
            for _, one in sorted(models.items(), key=lambda item: int(item[0]))
        ]

    def find(self, reference: ModelReference) -> Registered:
        """The version a reference means now.

        Raises:
            ConfigError: The registry has no such version or alias; says which there are.
        """
        versions = self.list_versions(reference.name)
        for one in versions:
            if reference.version == one.version or (reference.alias and reference.alias in one.aliases):
                return one
        known = [str(one.version) + "".join(f" @{alias}" for alias in one.aliases) for one in versions]
        raise ConfigError(f"{reference}: not in {self.uri}; expected one of: {', '.join(known) or 'nothing there yet'}")

    def champion(self, name: str) -> Registered | None:
        """The version with the alias champion; None when there is none."""
        return next((one for one in self.list_versions(name) if CHAMPION in one.aliases), None)

    def fetch(self, registered: Registered) -> Path:
        """The shelf folder of a version, on this machine; downloaded once and checked every time.

        Raises:
            ConfigError: A file was changed, does not come, or cannot be written (a full disk).
        """
        return keep_files(registered, partial(self._download, registered))

    def promote(self, registered: Registered, judged_against: int | None) -> None:
        """Make a version champion.

        Args:
            registered: The version.
            judged_against: Version that was champion when it was judged; None for none.

        Raises:
            ConfigError: Another promotion is under way, or the champion is another by now.
        """
        with self._locked(registered.name):
            before = self.champion(registered.name)
            if (before.version if before else None) != judged_against:
                was = f"version {before.version}" if before else "none"
                raise ConfigError(
                    f"{registered}: judged against champion {judged_against}, which is {was} by now; judge it again"
                )
            history = [*self._history(registered.name), *([judged_against] if judged_against else [])]
            self._crown(registered.name, registered.version, [one for one in history if one != registered.version])

    def roll_back(self, name: str) -> tuple[int, int]:
        """Make the champion before this one champion again.

        Returns:
            The version that was champion, and the one that is.

        Raises:
            ConfigError: There is no champion or none before it, or a promotion is under way.
        """
        with self._locked(name):
            current = self.champion(name)
            others = {one.version for one in self.list_versions(name)} - {current.version if current else None}
            earlier = [one for one in self._history(name) if one in others]
            if current is None or not earlier:
                raise ConfigError(f"{PREFIX}{name}: expected a champion before this one in {self.uri}, found none")
            self._crown(name, earlier[-1], [one for one in earlier[:-1] if one != earlier[-1]])
        return current.version, earlier[-1]

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """A block in which whatever the registry cannot do is a RegistryUnreachableError."""
        try:
            yield
        except self._mlflow.exceptions.MlflowException as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> RegistryUnreachableError:
        return RegistryUnreachableError(f"{self.uri}: the registry does not answer ({root_cause(error)})")

    def _crown(self, name: str, version: int, history: Sequence[int]) -> None:
        # In this order: a process killed in between leaves the old champion, with itself in its history.
        with self.asking():
            self.client.set_registered_model_tag(PREFIX + name, HISTORY_TAG, json.dumps(list(history)))
            self.client.set_registered_model_alias(PREFIX + name, CHAMPION, str(version))

    def _history(self, name: str) -> list[int]:
        """Versions that were champion before the present one, oldest first."""
        with self.asking():
            return list(json.loads(self._model(name).tags.get(HISTORY_TAG, "[]")))

    def _model(self, name: str) -> Any:
        found = self.client.search_registered_models(f"name = '{PREFIX}{name}'")
        return found[0] if found else None

    def _download(self, registered: Registered, target: Path) -> Path:
        # The registry has answered by now; that the files do not come (a full disk, say) is another thing.
        try:
            came = self._mlflow.artifacts.download_artifacts(
                f"models:/{PREFIX}{registered.name}/{registered.version}/artifacts/{SHELF}",
                dst_path=str(target),
                tracking_uri=self.uri,
                registry_uri=self.uri,
            )
        except self._mlflow.exceptions.MlflowException as error:
            # MLflow downloads in threads and writes their errors down, one a line.
            reason = str(error).rpartition("\n")[2]
            raise ConfigError(f"{registered}: its files do not come from {self.uri} ({reason})") from error
        return Path(came)

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """One promotion at a time: names in a registry are unique, so only one process can make the lock's."""
        lock = PREFIX + check_name(name) + LOCK_SUFFIX
        self._take_lock(lock)
        try:
            yield
        finally:
            with self.asking():
                self.client.delete_registered_model(lock)

    def _take_lock(self, lock: str) -> None:
        exceptions = self._mlflow.exceptions
        with self.asking():
            found = self.client.search_registered_models(f"name = '{lock}'")
        for standing in found:
            if time.time() - standing.creation_timestamp / 1000 > STALE_SECONDS:
                with contextlib.suppress(exceptions.MlflowException):
                    self.client.delete_registered_model(lock)
        try:
            self.client.create_registered_model(lock)
        except exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise self._unreachable(error) from error
            raise ConfigError(f"{lock}: another promotion is under way in {self.uri}; try again in a minute") from error


def _import_mlflow() -> Any:
    try:
        import mlflow
        import mlflow.artifacts
    except ImportError as error:
        raise ConfigError("a registry needs mlflow: pip install 'zhenfen[tracking]'") from error
    return mlflow
