"""The nouns of all stages: frozen, small, standard library and numpy only."""
