"""The Salesforce practice org: what the real client library takes for Salesforce.

Where to begin: `org` is what others use; `app` and `gate` let calls in, `desk` sends them on to
`singles`, `collections`, `composite`, `replication`, `query`, `tooling`; `writing` judges what is
stored, with `values`, `rules` and `lifecycle`; `state`, `records` and `schema` hold it. The facts about
standard objects stand under `describe/`, with their sources in its NOTICE.md.
"""
