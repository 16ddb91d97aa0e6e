"""The HubSpot practice org."""
