"""What can be written on the command line: each option declared and parsed once."""
