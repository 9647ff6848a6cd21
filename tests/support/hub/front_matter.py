"""The Hub's check of a README's front matter, as far as a Space can fail it."""

import re
from typing import Any

import yaml

COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
MAX_SHORT_DESCRIPTION = 60


def errors_of(readme: str) -> list[str]:
    """What is wrong, in the Hub's way of saying it."""
    found = re.match(r"---\n(.*?)\n---\n", readme, re.DOTALL)
    if found is None:
        return ['"sdk" is required']
    try:
        told: Any = yaml.safe_load(found[1])
    except yaml.YAMLError:
        return ["invalid YAML"]
    errors = []
    if told.get("sdk") not in ("gradio", "docker", "static"):
        errors.append('"sdk" must be one of [gradio, docker, static]')
    errors += [
        f'"{key}" must be one of [{", ".join(COLOURS)}]'
        for key in ("colorFrom", "colorTo")
        if told.get(key) not in (None, *COLOURS)
    ]
    if len(str(told.get("short_description", ""))) > MAX_SHORT_DESCRIPTION:
        errors.append('"short_description" length must be less than or equal to 60 characters long')
    if not isinstance(told.get("app_port", 7860), int):
        errors.append('"app_port" must be a number')
    return errors
