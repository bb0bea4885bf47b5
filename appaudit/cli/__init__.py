"""The command line: one file a command; parses arguments, picks an exit code, nothing else."""
