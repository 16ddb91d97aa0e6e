"""The doorbells: what HubSpot, Salesforce and the website send us."""
