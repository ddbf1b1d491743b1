"""Data only: what an operator may set, each file with comments that teach."""
