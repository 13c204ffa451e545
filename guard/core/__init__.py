"""The words of the design as frozen values, and the session's state machine. No I/O lives here."""
