"""Whom a message in the inbox is for."""

from __future__ import annotations

from workshop.agent import inbox


def test_a_message_for_one_seat_is_shown_to_no_other() -> None:
    document = {
        "messages": [
            {"id": "1", "time": 1.0, "text": "to all"},
            {"id": "2", "time": 2.0, "text": "to ada", "seats": ["ada"]},
        ]
    }
    shown = {
        seat: [message["text"] for message in inbox.messages(document, seat)]
        for seat in ("ada", "ben")
    }
    assert shown == {"ada": ["to all", "to ada"], "ben": ["to all"]}
