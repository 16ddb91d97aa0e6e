"""Website intent: behaviour comes in as events and becomes decayed scores per topic, a surge and a reason."""
