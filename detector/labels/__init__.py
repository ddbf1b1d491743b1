"""Numbers, times, places and causes as text for people: one definition each, for alerts, pages, terminal and charts."""
