"""The two systems, HubSpot and Salesforce, behind one port."""
