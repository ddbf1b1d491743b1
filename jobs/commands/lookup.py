"""`precall lookup`: the running daemon answers, for it has everybody loaded; without one the store is opened for it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote

from detector.domain.errors import Misconfigured, Transient
from detector.domain.identity import SubscriberId
from detector.domain.window import epoch
from detector.labels.quantities import chance
from detector.labels.terms import SUPPRESSED, WITHHELD
from detector.labels.times import clock
from jobs.daemon_lease import daemon_url

Json = Mapping[str, Any]
ACTOR = "cli"
CALLERS = ("self", "guardian", "holder", "manager")
_TIMEOUT_S = 30.0
"""How long the command waits for the daemon, in s. Chosen: beyond the daemon's own limit of an answer."""


def look_up(settings: Any, subscriber: str, caller: str = "self") -> Json:
    """As `GET /v1/lookup/{subscriber}` answers. Raises PrecallError; InvalidIdentity if nobody is named."""
    subscriber = SubscriberId(subscriber)
    if caller not in CALLERS:
        raise Misconfigured(f"nobody called '{caller}'", where="--caller", mend=f"one of {', '.join(CALLERS)}")
    return _asked(settings, f"/v1/lookup/{quote(subscriber, safe='')}?caller={quote(caller)}") or _read(
        settings, subscriber, caller
    )


def _asked(settings: Any, path: str) -> Json | None:
    """The daemon's answer over the loopback; None if none runs."""
    url = daemon_url(settings.storage.path)
    if url is None:
        return None
    connection = HTTPConnection(url.hostname or "", url.port, timeout=_TIMEOUT_S)
    try:
        connection.connect()
    except OSError:
        return None  # it was killed and left no notice
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {_token(settings)}", "X-Actor": ACTOR})
        answer = connection.getresponse()
        body = json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        raise Transient(str(error) or type(error).__name__, where=url.geturl(), mend="ask again") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise Transient(str(body.get("detail") or body), where=url.geturl(), mend="is this the daemon of the same settings?")
    return dict(body)


def _token(settings: Any) -> str:
    if settings.web.token:
        return str(settings.web.token)
    path = settings.storage.path / "keys.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["token"])
    except (OSError, ValueError, KeyError) as error:
        raise Misconfigured(str(error), where=str(path), mend="run it as the user that the daemon runs as") from error


def _read(settings: Any, subscriber: str, caller: str) -> Json:
    """The store's answer, opened for this one question."""
    from detector.app import wire
    from detector.domain.ports import Reference
    from detector.sources.single_subscriber import reference_of
    from detector.web import serializers
    from jobs.web_wiring import web_service_of

    app = wire(settings)

    def known() -> Reference:
        if settings.feeds:
            return app.feeds.reference(app.clock.now())
        return reference_of(settings.sources.path, app.pseudonymiser, subscriber.strip(), app.clock.now())

    try:
        return serializers.lookup(web_service_of(app, reference=known).lookup(subscriber, ACTOR, caller))
    finally:
        app.close()


def shown(answer: Json) -> str:
    """For a person on the phone: what matters first, times in the operator's zone."""
    lines = [_headline(answer)]
    lines += [f"say ({language}): {sentence}" for language, sentence in answer["say"].items()]
    if answer["next_exposure_at"]:
        lines.append(f"expected there again: {_time(answer, answer['next_exposure_at'])}")
    lines += [_communication(one, answer) for one in answer["said"]]
    contact = answer["contact"]
    barred = WITHHELD.get(contact["why_not"], contact["why_not"])
    lines.append("care may contact" if contact["contactable"] else f"care may not contact: {barred}")
    lines += [_incident(one, answer) for one in answer["incidents"]]
    return "\n".join(lines)


def _headline(answer: Json) -> str:
    """Nothing is asserted of someone who is less likely than care's threshold to be affected."""
    over = bool(answer["ended_at"])
    words = {
        "yes": "was affected" if over else "affected",
        "no": "not affected by anything known",
        "unknown": "may have been affected" if over else "may be affected",
    }
    if watch := answer.get("watch"):
        since = f"possibly, data are missing since {_time(answer, watch['no_data_since'])}"
        return f"{since}, {chance(watch['probability'])} likely"
    if answer["answer"] == "unknown" and not answer["probability"]:
        return "not known to be affected"
    parts = [words[str(answer["answer"])]]
    if answer["probability"] and answer["answer"] != "no":
        parts.append(f"{chance(answer['probability'])} {'sure' if answer['answer'] == 'yes' else 'likely'}")
    if answer["answer"] != "no":
        times = (("since", "since"), ("expected_clear", "should be over"), ("ended_at", "over since"))
        parts += [f"{what} {_time(answer, answer[name])}" for name, what in times if answer[name]]
    return ", ".join(parts)


def _communication(one: Json, answer: Json) -> str:
    said = (_time(answer, one["at"]), one["action"].replace("_", " "), one["channel"], one["offer"])
    return " ".join(("told already:", *filter(None, said)))


def _time(answer: Json, at: str) -> str:
    return clock(epoch(datetime.fromisoformat(at)), answer["timezone"])


def _incident(one: Json, answer: Json) -> str:
    since = f"since {_time(answer, one['started_at'])}"
    until = f"until {_time(answer, one['ended_at'])}" if one["ended_at"] else "ongoing"
    silent = SUPPRESSED.get(one["silent"], one["silent"])
    words: Sequence[str] = (
        one["incident_id"],
        one["severity"],
        since,
        until,
        silent,
        f"{chance(one['probability'])} likely",
        one["reason"],
    )
    return "  ".join(filter(None, words))
