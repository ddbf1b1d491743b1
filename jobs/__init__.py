"""One file per job; the ledger decides what is pending, the daemon only starts jobs."""
