"""Salesforce behind the port."""
