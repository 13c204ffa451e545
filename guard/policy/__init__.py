"""May it? Effect and place to a verdict, by the policies in force. Pure: documents in, rulings out."""

from guard.policy.labels import DEFAULT_WORDS, label_for
from guard.policy.model import Policies, Policy
from guard.policy.ruling import rule

__all__ = ["DEFAULT_WORDS", "Policies", "Policy", "label_for", "rule"]
