"""Two practice orgs that speak the real APIs over HTTP."""
