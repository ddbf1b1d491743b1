"""Chronic cells: cells that were always bad, found against their peers."""
