"""What does it do? Operations classified once, and grammars that lead from a command line to an operation. Pure.

document ─▶ reading ─▶ model (Program, Operation)
argv ─▶ expand (aliases, TF_CLI_ARGS) ─▶ argv (every way to read the options) ─▶ classify ─▶ actions
"""

from guard.rules.classify import Probe, classify
from guard.rules.model import Operation, Program, Ruleset, make_ruleset

__all__ = ["Operation", "Probe", "Program", "Ruleset", "classify", "make_ruleset"]
