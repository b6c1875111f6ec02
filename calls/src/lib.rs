//! Telephony: the provider's webhooks and media sockets, call flows, and one limit of calls over all replicas.
