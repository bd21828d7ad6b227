"""Function URLs of Lambda: their configurations, who may invoke, the event and the answer."""
