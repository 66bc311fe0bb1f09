"""The webhook: alerts, sent to an address of the operator's, signed, until they have arrived."""
