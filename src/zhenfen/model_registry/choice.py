"""The models that ZHENFEN_MODELS asks for instead of the shelf's."""

from __future__ import annotations

import logging
import re
from functools import cache
from pathlib import Path

from zhenfen.errors import ConfigError, RegistryUnreachableError
from zhenfen.model_registry.client import Registry, registry_uri
from zhenfen.model_registry.reference import ModelReference, parse_reference
from zhenfen.shelf import CHOICE, parse_version

logger = logging.getLogger(__name__)


def read_choice(choice: str) -> list[ModelReference]:
    """The references of ZHENFEN_MODELS, separated by commas or blanks; what it chooses of the shelf is left out.

    Raises:
        ConfigError: One is misspelled, or a model is named twice.
    """
    asked = [one for one in re.split(r"[,\s]+", choice) if one]
    references = [parse_reference(one) for one in asked if parse_version(one) is None]
    names = [one.name for one in references] + [found[0] for one in asked if (found := parse_version(one))]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{CHOICE}: expected each model once, found {', '.join(twice)} again")
    return references


@cache
def chosen_folders(choice: str) -> dict[str, Path]:
    """Model name → folder of the models that ZHENFEN_MODELS asks for; the others come from the shelf.

    When the registry does not answer, all come from the shelf, and a warning says so.

    Args:
        choice: References separated by commas or blanks; empty for none.

    Raises:
        ConfigError: A reference is misspelled or names what is not there, or a file was changed.
    """
    references = read_choice(choice)
    if not references:
        return {}
    try:
        registry = Registry(registry_uri())
        return {one.name: registry.fetch(registry.find(one)) for one in references}
    except RegistryUnreachableError as error:
        logger.warning("%s; scoring goes on with the models of the shelf", error)
        return {}
