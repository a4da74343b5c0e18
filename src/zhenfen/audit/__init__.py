"""The audit loop: profiles drawn for a person to label, and the estimate made again with the labels."""
