"""The desk: pages where an analyst drops files, reads, decides and signs; one file a page."""
