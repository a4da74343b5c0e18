"""Whether new rows are like a reference: features, scores, what is missing, what is out of domain, shares flagged.

`stability`, `rates`: the arithmetic. `comparison`: every column. `prevalence`: shares of flagged rows. `measure`: from
rows to columns. `summary`, `page`: what a person reads.
"""
