"""Models of an MLflow registry: which there are, which is champion, and their files on this machine. Never unpickles.

A registered version holds a folder of the shelf, byte for byte. From here only those files are taken, by the names and
hashes of their model.yaml, whose own hash stands in the registry; MLflow's loaders, which may unpickle, are not used.
"""

from zhenfen.model_registry.choice import chosen_folders, read_choice
from zhenfen.model_registry.client import Registry, keep_quiet, registry_uri, root_cause
from zhenfen.model_registry.reference import (
    CHAMPION,
    HASH_TAG,
    LABEL_TAG,
    PREFIX,
    ModelReference,
    Registered,
    check_name,
    parse_reference,
)
from zhenfen.shelf import CHOICE

__all__ = [
    "CHAMPION",
    "CHOICE",
    "HASH_TAG",
    "LABEL_TAG",
    "PREFIX",
    "ModelReference",
    "Registered",
    "Registry",
    "check_name",
    "chosen_folders",
    "keep_quiet",
    "parse_reference",
    "read_choice",
    "registry_uri",
    "root_cause",
]
