"""What trainings share: the wheel of their models, and a database that is there already."""

from empty_store import _empty_store, store_uri  # noqa: F401
from one_wheel import _one_wheel  # noqa: F401
