"""The same pipeline under a moving clock, scored against the truth that no stage ever saw, and a report of it."""
