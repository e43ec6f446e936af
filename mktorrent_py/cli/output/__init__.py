"""What `mkt` writes: the results on stdout, progress and messages on stderr."""
