"""Inline SVG from the report's dicts: the charts, and the scales and elements they are drawn with."""
