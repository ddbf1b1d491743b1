"""The nouns every stage speaks in: frozen, small, standard library and numpy only."""
