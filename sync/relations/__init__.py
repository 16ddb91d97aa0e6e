"""Relations: what ties two records follows on the other side, as fields of records do.

`decide` says what becomes of one tie, on paper; `reading` shows the ties of both systems by the pairs
that they tie; `keeper` brings one relation in line; `compare` does so for all of them, in a run.
"""
