"""Disturbed runs of the real service, whose outcome equals the undisturbed one: `make chaos`, and a short form of it."""
