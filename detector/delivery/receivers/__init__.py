"""Kinds of receivers: one module and one line of `RECEIVERS` for each."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import SerializeAsAny, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from detector.delivery.kind import ReceiverKind, ReceiverSettings
from detector.delivery.receivers.cloudevents import CloudEvents

RECEIVERS: dict[str, type[ReceiverKind]] = {
    "cloudevents": CloudEvents,
}
"""`kind` in [[receivers]] -> the class that serves it."""


def keys() -> list[str]:
    """Every key that an entry of some kind may have."""
    return sorted({key for kind in RECEIVERS.values() for key in kind.settings_model.model_fields})


def kind_of(settings: ReceiverSettings) -> ReceiverKind:
    """The configured receiver's kind, ready to make requests."""
    return RECEIVERS[settings.kind](settings)


def _by_kind(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validates an entry by the settings model of the kind that it names."""
    if not isinstance(value, Mapping):
        return handler(value)
    kind, older = value.get("kind"), value.get("format")
    if kind is not None and older not in (None, "", kind):
        raise PydanticCustomError("two_kinds", "kind and its older name format differ, keep kind")
    name = kind or older or "cloudevents"
    if not isinstance(name, str) or name not in RECEIVERS:
        raise PydanticCustomError(
            "unknown_kind",
            "unknown kind '{kind}', use {kinds}",
            {
                "kind": str(name)[:60],
                "kinds": ", ".join(RECEIVERS),
            },
        )
    return RECEIVERS[name].settings_model.model_validate({**value, "kind": name})


ReceiverEntry = Annotated[SerializeAsAny[ReceiverSettings], WrapValidator(_by_kind)]
"""One [[receivers]] entry, checked by its kind's own settings model."""
