"""HubSpot behind the port. In the order in which to read it:

``names`` and ``wire`` (values), ``requests`` (every call, as a value), ``faults`` (what refusals mean),
``schema``, ``history``, ``walk``, ``batches`` and ``limits`` (rules without a socket) · ``auth`` and
``gateway`` (whose token, and the only place that sends) · ``reading``, ``writing`` and ``consent`` (the
verbs) · ``client`` (the port). "Reference sheet" is the project's collection of facts about HubSpot's
API, each with its source.
"""
