"""AWS configuration files, read in one pass: the library's patterns take hours for a line that is built for it."""

from __future__ import annotations

import re

Sections = dict[str, dict[str, str]]
_SIGN = re.compile("[=:]")


def read_sections(data: bytes | None) -> Sections:
    """Settings by section, both as last written.

    A setting below another (``s3 =`` and, indented, ``endpoint_url = x``) is called ``s3 endpoint_url``. Total: lines
    that mean nothing are passed over, as the laxer ones of AWS's own readers do.
    """
    sections: Sections = {}
    settings: dict[str, str] = {}  # what stands above the first section belongs to none
    above = ""
    for line in (data or b"").decode("utf-8-sig", "replace").split("\n"):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        indented = line[0].isspace()
        if text[0] == "[" and "]" in text:
            settings, above = sections.setdefault(" ".join(text[1 : text.rindex("]")].split()), {}), ""
            continue
        sign = _SIGN.search(text)
        if sign is None:
            continue
        key, value = text[: sign.start()].strip().lower(), text[sign.end() :].strip()
        if not (indented and above):
            above = "" if value else key
            settings[key] = value
        else:
            settings[f"{above} {key}"] = value
    return sections
