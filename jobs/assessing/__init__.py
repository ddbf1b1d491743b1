"""The parts of `assess`: what is weighed, whom care may tell and has told, what is announced."""
