"""One file per job; the ledger decides what is owed, the daemon only wakes."""
