"""The Salesforce practice org: what the real client library takes for Salesforce.

Where to begin: `org` is what others use; `app` and `gate` let calls in, `desk` sends them on to
`singles`, `collections`, `composite`, `replication`, `query`, `tooling`; `writing` judges what is
stored, with `values` and `rules`; `effects`, `memberships` and `persons` tell what follows from it, and
`lifecycle` and `conversion` what becomes of it; `state`, `records` and `schema` hold it. What an admin
switches on (record types, person accounts, currencies, custom objects) is in `features`. The facts about
standard objects stand under `describe/`, with their sources in its NOTICE.md.
"""
