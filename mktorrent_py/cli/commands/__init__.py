"""The verbs of `mkt`, one a file: options, one library call, one printer call."""
