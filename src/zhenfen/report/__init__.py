"""Findings to one plain dict, and that dict to HTML, JSON and XLSX."""
