"""Ready files for running Kakehashi, and the makers of those that set up the senders of webhooks."""
