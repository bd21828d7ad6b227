"""Tags: one owner, one order, only characters that every tagged service takes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from tests.support.properties import untimed
from workshop import tags
from workshop.config import rules
from workshop.config.models import Environment


def made(**extra: str) -> dict[str, str]:
    return tags.seat_tags(
        workshop="vision",
        environment="dev",
        attendee="ada",
        profile="attendee",
        extra=extra,
    )


def test_everything_carries_five_tags_in_order() -> None:
    assert list(made().items()) == [
        ("attendee", "ada"),
        ("environment", "dev"),
        ("managed-by", "workshop-provisioner"),
        ("profile", "attendee"),
        ("workshop", "vision"),
    ]
    # A stack has its template's digest as well, and a frozen seat's notebook a mark.
    assert made().keys() | {tags.TEMPLATE, tags.FROZEN} == tags.RESERVED


def test_a_templates_digest_can_be_a_tag() -> None:
    digest = tags.template_digest('{\n "Resources": {}\n}')
    assert re.fullmatch(r"[0-9a-f]{32}", digest)
    assert digest == tags.template_digest('{\n "Resources": {}\n}')
    assert digest != tags.template_digest('{"Resources":{}}')


def test_own_tags_join_and_never_replace_ours() -> None:
    assert made(team="a", attendee="eve") == {**made(), "team": "a"}


@cache
def shapes(service: str) -> dict[str, Any]:
    """What AWS publishes about the words of a service."""
    found: dict[str, Any] = Loader().load_service_model(service, "service-2")["shapes"]
    return found


@pytest.mark.parametrize(
    ("service", "key", "value"),
    [("iam", "tagKeyType", "tagValueType"), ("sagemaker", "TagKey", "TagValue")],
)
@untimed
@given(data=st.data())
def test_allowed_tags_keep_to_the_rules_that_services_publish(
    service: str, key: str, value: str, data: st.DataObject
) -> None:
    for rule, name in ((rules.TAG_KEY, key), (rules.TAG_VALUE, value)):
        text = data.draw(st.from_regex(rule.pattern, fullmatch=True).filter(rule.holds))
        published = shapes(service)[name]
        assert published.get("min", 0) <= len(text) <= published["max"]
        # Services write their patterns in Java's dialect; \p{L} and the like are letters there.
        pattern = published["pattern"].replace(r"\p{L}\p{Z}\p{N}", "A-Za-z0-9 ")
        assert re.fullmatch(pattern, text)


@pytest.mark.parametrize("text", ["aws:x", "", "a" * 129, "ä", "a\n", "a*b", "a\tb"])
def test_keys_that_some_service_refuses_are_refused(text: str) -> None:
    assert not rules.TAG_KEY.holds(text)


@pytest.mark.parametrize("text", ["a" * 257, "Zoë", "a\n", "a,b", "50 %"])
def test_values_that_some_service_refuses_are_refused(text: str) -> None:
    assert not rules.TAG_VALUE.holds(text)


def test_our_own_keys_and_values_are_allowed() -> None:
    for key, value in made().items():
        assert rules.TAG_KEY.holds(key)
        assert rules.TAG_VALUE.holds(value)


def test_at_most_fifty_tags_come_together() -> None:
    # 50 is the most that AWS takes on one resource; CloudFormation adds none to that count.
    most = next(
        rule.max_length
        for rule in Environment.model_fields["tags"].metadata
        if hasattr(rule, "max_length")
    )
    assert most + len(tags.RESERVED) <= 50
