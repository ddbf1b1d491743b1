"""A caller is answered at once, whatever is being read."""

from threading import Event

import pytest

from detector.clock import MovingClock
from detector.domain.customer import Customers, Subscriber
from detector.domain.errors import Misconfigured
from detector.domain.ports import Reference
from jobs.reference_cache import ReferenceCache


class SlowSource:
    """Gives what `now` says once `may_go` is set."""

    def __init__(self):
        self.may_go, self.began, self.now = Event(), Event(), "first"
        self.may_go.set()

    def reference(self, now, findings=None):
        assert findings is None, "what was wrong is for those who count it"
        self.began.set()
        self.may_go.wait(10)
        if self.now == "broken":
            raise Misconfigured("no such column", where="subscribers.csv", mend="add it")
        return Reference(customers=Customers({self.now: Subscriber(key=self.now)}))


@pytest.fixture
def source():
    source = SlowSource()
    yield source
    source.may_go.set()


def people(known: ReferenceCache) -> list[str]:
    return list(known().customers.subscribers)


def test_while_large_tables_are_read_what_was_known_before_answers(source):
    known = ReferenceCache(source, MovingClock(0))
    assert people(known) == ["first"]
    source.may_go.clear()
    source.now = "second"
    assert people(known) == people(known) == ["first"]
    source.may_go.set()
    patient = ReferenceCache(source, MovingClock(0), patience_s=10)
    assert people(patient) == ["second"]


def test_one_thread_reads_however_many_ask(source):
    known = ReferenceCache(source, MovingClock(0))
    known()
    source.may_go.clear()
    source.began.clear()
    known()
    assert source.began.wait(10)
    source.began.clear()
    known()
    assert not source.began.is_set()


def test_tables_that_cannot_be_read_hold_up_the_first_asker_only(source):
    source.now = "broken"
    with pytest.raises(Misconfigured):
        ReferenceCache(source, MovingClock(0))()
    source.now = "first"
    known = ReferenceCache(source, MovingClock(0), patience_s=10)
    assert people(known) == ["first"]
    source.now = "broken"
    assert people(known) == ["first"]
