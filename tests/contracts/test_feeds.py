"""The suites of feeds over every kind in the registry and over the twins in memory."""

import os
from datetime import UTC, datetime

import numpy as np
import pytest

from detector.domain.ports import Operator
from detector.sources.dataset import OperatorDataset
from detector.sources.feed import Feed
from detector.sources.memory import InMemoryCounters, InMemoryEvents, InMemoryReference, rows_of
from detector.sources.registry import KINDS
from tests.contracts.feed_suite import (
    ContactFeedSuite,
    CounterFeedSuite,
    Material,
    ReferenceFeedSuite,
    contact,
    reference_of,
)
from tests.folder_feeds import NAMES, context


def in_memory(material: Material, root) -> Feed:
    counters = InMemoryCounters("memory")
    for name, (at, batches) in material.files.items():
        counters.put(name, at, batches)
    counters.put(material.broken, min(at for at, _ in material.files.values()), "it is no table")
    contacts = InMemoryEvents("memory", "contacts", rows_of)
    for name, at, raw in material.contacts:
        contacts.put(at, [contact(name, at, NAMES.subscriber(raw))])
    reference = InMemoryReference("memory", {0.0: reference_of(material)}, Operator())
    return Feed(name="memory", counters=counters, contacts=contacts, reference=reference)


def write_dataset(material: Material, root) -> None:
    (root / "counters").mkdir(parents=True)
    for name, (at, batches) in material.files.items():
        rows = [
            f"{o},{iso(b.start)},{b.duration_s}," + ",".join("" if np.isnan(v) else f"{v:g}" for v in values)
            for b in batches
            for o, values in zip(b.objects, b.values, strict=True)
        ]
        (root / name).write_text("\n".join([f"object_id,start,duration_s,{','.join(batches[0].counters)}", *rows, ""]))
        os.utime(root / name, (at, at))
    first = min(at for at, _ in material.files.values())
    (root / material.broken).write_text("nothing,of,it\n1,2,3\n")
    os.utime(root / material.broken, (first, first))
    rows = [f"{name},{raw},{iso(at)},call" for name, at, raw in material.contacts]
    (root / "contacts.csv").write_text("\n".join(["contact_id,subscriber_id,at,channel", *rows, ""]))
    (root / "cells.csv").write_text("\n".join(["cell_id,technology", *(f"{cell},LTE" for cell in material.cells), ""]))


def iso(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def in_folder(material: Material, root) -> Feed:
    write_dataset(material, root / "in")
    settings = KINDS["folder"].model_validate({"name": "north", "kind": "folder", "path": root / "in"})
    return settings.open(context(root / "var" / "quarantine"))


def in_dataset(material: Material, root) -> Feed:
    write_dataset(material, root / "in")
    return OperatorDataset(root / "in", NAMES).feed()


MAKERS = {"memory": in_memory, "dataset": in_dataset, "folder": in_folder}
"""Kind -> how its feed is made: a kind without a maker fails here."""


@pytest.fixture(params=sorted({"memory", "dataset", *KINDS}))
def feed(request, tmp_path):
    return MAKERS[request.param](Material(), tmp_path)


class TestCounters(CounterFeedSuite):
    """Counters of every kind."""


class TestContacts(ContactFeedSuite):
    """Events of every kind."""


class TestReference(ReferenceFeedSuite):
    """Snapshots of every kind."""
