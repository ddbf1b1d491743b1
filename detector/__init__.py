"""precall: from cell KPIs to "yes, this caller is affected"."""
