"""What trainings share: the wheel of their models."""

from one_wheel import _one_wheel  # noqa: F401
