"""The sentences that qguard says to agents and humans about a ruling: plain, one line, safe to print."""

from __future__ import annotations

from guard.core.words import Ruling

_LONGEST = 160


def command(argv: tuple[str, ...]) -> str:
    """The argv masked, escaped, and shortened for a line (a card shows it whole)."""
    # Their tables and expressions cost milliseconds that only a session with something to say should pay.
    from guard.core.escape import visible_argv  # noqa: PLC0415
    from guard.core.mask import mask_argv  # noqa: PLC0415

    short = tuple(word if len(word) <= _LONGEST else word[:_LONGEST] + "…" for word in argv[:32])
    text = visible_argv(mask_argv(short)) + (" …" if len(argv) > len(short) else "")
    return text if len(text) <= 2 * _LONGEST else text[: 2 * _LONGEST] + "…"


def headline(ruling: Ruling) -> str:
    """What the strictest action would do: its rule and why that matters."""
    if not ruling.judged:
        return ruling.opaque[0].why if ruling.opaque else ""
    action = max(ruling.judged, key=lambda judged: judged.verdict).action
    return action.because or f"{action.operation} ({action.effect})"


def alternative(ruling: Ruling) -> str:
    """The safer way that the strictest rule knows, or nothing."""
    return next(
        (judged.action.instead for judged in sorted(ruling.judged, key=lambda judged: -judged.verdict) if judged.action.instead), ""
    )


def refusal(argv: tuple[str, ...], why: str, ruling: Ruling, *, hint: str = "") -> str:
    """The line that a refused command leaves on its standard error (promise 10: a refusal teaches).

    Without a ruling no human can decide about it: what cannot be checked or recorded does not run.
    """
    instead = alternative(ruling)
    decided = "This is a human's decision, not a fault to work around: do not try another way to the same end."
    parts = [
        f"qguard: refused: {command(argv)}: {why}",
        decided if ruling.concerns else "What qguard cannot check does not run in this session; tell the engineer.",
        f"Instead: {instead}" if instead else "",
        hint,
    ]
    return " ".join(part for part in parts if part)
