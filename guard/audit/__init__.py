"""The trail: one JSONL file a session, hash-chained. Written here, read here, verified here."""
