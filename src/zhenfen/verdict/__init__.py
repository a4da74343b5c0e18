"""From measurements to findings: peers, levels, evidence."""
