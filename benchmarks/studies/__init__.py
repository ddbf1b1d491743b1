"""Studies: one question each, asked once and kept so that it can be asked again."""
