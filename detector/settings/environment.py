"""Settings from environment variables, and the variable's name where one of them is wrong."""

import difflib
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import is_dataclass
from typing import Any, get_origin, get_type_hints

from pydantic_settings import EnvSettingsSource, SettingsError

from detector.domain.errors import Misconfigured

PREFIX, NESTED = "PRECALL_", "__"
_EXAMPLES = {"RECEIVERS": '[{"name": "care", "url": "https://care.example/hook", "secrets": ["whsec_..."]}]'}


class NoJson(ValueError):
    """The value of a variable that has to be JSON and is none."""

    def __init__(self, key: str, value: str) -> None:
        self.key, self.value = key, value
        super().__init__(key)


class Environment(EnvSettingsSource):
    """Keeps which value was no JSON, so that its variable can be named."""

    def __call__(self) -> dict[str, Any]:
        """As it is, with lists of plain dataclasses decoded, which pydantic-settings leaves as text."""
        found = super().__call__()
        for section, values in found.items():
            kind = self.settings_cls.model_fields[section].annotation
            types = get_type_hints(kind) if is_dataclass(kind) else {}
            for key in types.keys() & values.keys() if isinstance(values, dict) else ():
                if get_origin(types[key]) is tuple and isinstance(values[key], str):
                    values[key] = _decoded(values[key])
        return found

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except (ValueError, RecursionError) as error:
            raise NoJson(field_name, str(value)) from error


def _decoded(text: str) -> Any:
    """The JSON of a text, or the text where it is none: the error is raised where types are checked."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def variables() -> dict[str, str]:
    """The environment's variables of this service; capitals or not, as the settings take them."""
    return {name: value for name, value in os.environ.items() if name.upper().startswith(PREFIX)}


def variable_of(key: Sequence[str]) -> str:
    """The variable from which this key of the settings comes; empty where none sets it."""
    held = {name.upper(): name for name in variables()}
    for length in range(len(key), 0, -1):
        wanted = PREFIX + NESTED.join(key[:length]).upper()
        deeper = (name for upper, name in held.items() if upper.startswith(wanted + NESTED) and length == len(key))
        if found := held.get(wanted) or next(deeper, ""):
            return found
    return ""


def check_sections(sections: Collection[str]) -> None:
    """An unknown section would be ignored without an error. Names without `__` are left alone: Kubernetes puts
    PRECALL_PORT and the like into every container beside a service of this name. Raises Misconfigured."""
    for name in variables():
        section, nested, _ = name[len(PREFIX) :].lower().partition(NESTED)
        if nested and section not in sections:
            near = difflib.get_close_matches(section, list(sections), n=1)
            mend = f"did you mean {PREFIX}{near[0].upper()}{NESTED}...?" if near else "remove it"
            raise Misconfigured(f"no section '{section}'", where=f"environment: {name}", mend=mend)


def not_json(error: SettingsError) -> Misconfigured:
    """The variable whose value is no JSON, and how such a value is written."""
    cause, name = error.__cause__, f"{PREFIX}..."
    if isinstance(cause, NoJson):
        same = (one for one, value in variables().items() if value == cause.value)
        name = next((one for one in same if one.upper().endswith(cause.key.upper())), name)
    example = _EXAMPLES.get(name[len(PREFIX) :].upper(), '[30, 45] for a list, {"key": "text"} for a section')
    return Misconfigured("no JSON", where=f"environment: {name}", mend=f"write it as {example}")
