"""Small SVG charts for pages and reports: a KPI against its expected band, with marks."""
