"""The Salesforce practice org."""
