"""The desk: pages where an analyst drops files, reads, decides and signs; one file a page, over the service's jobs and keys."""
