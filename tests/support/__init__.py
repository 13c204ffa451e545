"""The harness: a person at a terminal, an engineer's account, and real infrastructure on the loopback address."""
