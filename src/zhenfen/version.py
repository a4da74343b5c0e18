"""The version of the package, for whatever writes down what made it."""

__version__ = "0.1.0"
