//! Receipts: enqueued in batches, applied forward only, and what they imply.
