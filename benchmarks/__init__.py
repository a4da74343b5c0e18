"""Speed, memory and detection quality, each file one table; `make bench` and `make bench-quality` run them."""
