"""Whom a message in the inbox is for."""

from __future__ import annotations

from workshop.agent import inbox
from workshop.requests import inbox as organisers


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


def test_a_message_to_all_puts_the_oldest_out_and_none_to_a_single_seat() -> None:
    alone = {"id": "0", "time": 0.0, "text": "to ada", "seats": ["ada"]}
    document: organisers.Inbox = {"messages": [alone]}
    for number in range(25):
        document = organisers.with_message(document, f"n{number}", str(number), float(number))
    texts = [message["text"] for message in document["messages"]]
    assert texts == ["to ada", *map(str, range(5, 25))]
