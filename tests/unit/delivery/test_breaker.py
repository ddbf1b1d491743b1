"""The life of a breaker, as a timeline."""

from detector.delivery.breaker import FIRST_PAUSE_S, LONGEST_PAUSE_S, OPEN_AFTER, Breaker

# at (s), what happens, state afterwards, may send afterwards
CASES = [
    (0, "fails", "closed", True),
    (1, "fails", "closed", True),
    (2, "is refused", "closed", True),  # an answer is an answer: the count starts anew
    (3, "fails", "closed", True),
    (4, "fails", "closed", True),
    (5, "fails", "closed", True),
    (6, "fails", "closed", True),
    (7, "fails", "open", False),
    (20, "fails", "open", False),  # one that was under way already
    (36, "nothing", "open", False),
    (37, "nothing", "half_open", True),
    (38, "probes", "open", False),
    (53, "fails", "open", False),
    (97, "nothing", "open", False),  # twice the pause, from the probe
    (98, "nothing", "half_open", True),
    (98, "probes an expired one", "half_open", True),
    (99, "probes", "open", False),
    (100, "succeeds", "closed", True),
]


def test_a_receiver_goes_down_and_comes_back():
    breaker = Breaker()
    for at, event, state, may_send in CASES:
        if event == "probes":
            breaker = breaker.probe(at)
        elif event == "probes an expired one":
            breaker = breaker.probe(at).after(answered=None, now=at)
        elif event != "nothing":
            breaker = breaker.after(answered=event != "fails", now=at)
        assert (breaker.state(at), breaker.allows(at)) == (state, may_send), (at, event)
    assert breaker == Breaker()


def test_the_pause_doubles_up_to_ten_minutes():
    breaker, now, pauses = Breaker(failures=OPEN_AFTER - 1), 0.0, []
    for _ in range(8):
        breaker = breaker.after(answered=False, now=now)
        pauses.append(breaker.retry_at - now)
        now = breaker.retry_at
    assert pauses == [FIRST_PAUSE_S, 60, 120, 240, 480, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_a_message_that_was_never_sent_teaches_nothing():
    breaker = Breaker(failures=4)
    assert breaker.after(answered=None, now=0) == breaker


def test_a_closed_breaker_needs_no_probe():
    assert Breaker(failures=2).probe(5) == Breaker(failures=2)
