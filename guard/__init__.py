"""qguard: stands between an AI coding agent and the commands that it spawns."""

__version__ = "0.1.0"
