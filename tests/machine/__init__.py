"""Real servers for tests, started from what pip installed."""
