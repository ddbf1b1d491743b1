"""How numbers, times, places and causes are worded for people: each in one place, for alerts, pages, terminal and charts."""
