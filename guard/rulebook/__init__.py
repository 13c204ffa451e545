"""Finding, loading and trusting YAML: the rules and the policies."""

from guard.rulebook.book import Rulebook, open_rulebook

__all__ = ["Rulebook", "open_rulebook"]
