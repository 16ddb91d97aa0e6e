"""Which leads become deals, learnt from outcomes: off by default, and honest about what it is worth."""
