"""The HTTP service; needs the extra `serve`, and is imported only by `zhenfen serve`."""
