"""What the routes of one running service share."""

from __future__ import annotations

from dataclasses import dataclass

from zhenfen.estimators.shelved import Loaded, ShelvedModel
from zhenfen.model_store import Models
from zhenfen.service.errors import ServiceError
from zhenfen.service.jobs import JobStore
from zhenfen.service.keys import KeyFile
from zhenfen.service.metrics import Metrics
from zhenfen.service.pool import Pool
from zhenfen.service.readers import Readers
from zhenfen.service.sessions import Sessions
from zhenfen.service.settings import Settings
from zhenfen.service.worker import Worker


@dataclass(frozen=True)
class Service:
    """One running service.

    Attributes:
        settings: How it is set up.
        models: Everything that findings depend on.
        metrics: What is counted.
        pool: Threads that score.
        reading: Threads that wait for the processes of `readers`, one for each.
        readers: Processes that read bodies.
        store: Jobs.
        worker: Runs them.
        keys: API keys.
        sessions: Who is logged in with a browser.
    """

    settings: Settings
    models: Models
    metrics: Metrics
    pool: Pool
    reading: Pool
    readers: Readers
    store: JobStore
    worker: Worker
    keys: KeyFile
    sessions: Sessions


def need(models: Models, kind: ShelvedModel[Loaded]) -> Loaded:
    """The model of a kind, or the refusal when the shelf holds none.

    Raises:
        ServiceError: There is none.
    """
    model = models.find(kind)
    if model is None:
        raise ServiceError(503, "no_model", f"this service holds no {kind.name} model")
    return model
