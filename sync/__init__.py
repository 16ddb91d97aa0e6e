"""The engine: reconcile, ledger, resync, guards."""
