"""Capacity: when the busy hours of a cell reach the limit at which the cell is congested."""
