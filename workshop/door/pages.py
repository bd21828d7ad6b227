"""The door's pages: HTML without a script, each text from outside escaped.

Every label, landmark and heading is for those who listen to a page, too; forms work by keyboard and
on a phone (WCAG 2.2, level AA).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote

from workshop.door.boxes import DoorBox, box_lines
from workshop.door.seats import SavedFile, bucket_of, messages, used
from workshop.door.texts import TEXTS
from workshop.door.visit import Visit

WORD = 140
"""Characters of a hand's word at most."""
OPENABLE = ("InService", "")
STARTABLE = ("Stopped", "Failed")
BOX_CHANGING = ("pending", "stopping")
BOX_LINES = ("profile", "jupyter", "code", "key", "ssh_config", "ssh_config_windows", "shell")
"""What is shown of the lines that lead into an instance, in this order."""
_GUIDE = "https://docs.aws.amazon.com"
INSTALLING = {
    "AWS CLI": f"{_GUIDE}/cli/latest/userguide/getting-started-install.html",
    "Session Manager plugin": f"{_GUIDE}/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html",
}
CHANGING = ("Pending", "Stopping", "Updating", "Deleting")
"""Statuses that pass by themselves."""
STYLE = """
:root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--soft:#f1f3f5;--line:#767d86;
--quiet:#4d5560;--act:#0b4f9e;--on:#fff;--bad:#9c1c1c}
@media(prefers-color-scheme:dark){:root{--ink:#ececec;--paper:#16181b;--soft:#23272c;--line:#8a929c;
--quiet:#b3bac3;--act:#8fc1ff;--on:#10151c;--bad:#ff9d94}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:44rem;background:var(--paper);color:var(--ink);
font:1.05rem/1.5 system-ui,"Segoe UI","Noto Sans",sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.2;margin:.2rem 0}h2{font-size:1.15rem;margin:1.4rem 0 .3rem}
p{margin:.4rem 0}a{color:var(--act)}.quiet{color:var(--quiet)}
.skip{position:absolute;left:-99rem}.skip:focus{position:static}
.notice{border-left:.3rem solid var(--act);padding:.5rem .8rem;background:var(--soft);
font-weight:600}
.bad{border-color:var(--bad)}
form{margin:.5rem 0}label{display:block;font-weight:600}
input[type=text]{width:100%;font:inherit;padding:.7rem;border:2px solid var(--line);
border-radius:.3rem;background:var(--paper);color:var(--ink);margin:.3rem 0}
button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.2rem;
margin:.2rem .4rem .2rem 0;border:2px solid var(--act);border-radius:.3rem;background:var(--act);
color:var(--on);max-width:100%}
button.second{background:var(--paper);color:var(--act)}
:focus-visible{outline:3px solid var(--act);outline-offset:3px}
dl{margin:0}dt{color:var(--quiet);margin-top:.4rem}dd{margin:0}
table{width:100%;border-collapse:collapse}caption{text-align:left;color:var(--quiet)}
th,td{text-align:left;vertical-align:top;padding:.4rem .5rem .4rem 0;
border-bottom:1px solid var(--line)}
thead th,tbody th,td:nth-child(2){white-space:nowrap;overflow-wrap:normal}
pre{padding:.5rem;background:var(--soft);white-space:pre-wrap}pre code{user-select:all}
ul{padding-left:1.2rem}footer{margin-top:2rem;border-top:1px solid var(--line);padding-top:.5rem}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


@dataclass(frozen=True)
class Page:
    """What every page has: the visit, its language, the form's token, and a word on top.

    ``notice`` names a text, or is one that is filled in; ``is_bad`` marks it as an error.
    """

    visit: Visit
    language: str
    token: str = ""
    notice: str = ""
    is_bad: bool = False

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the page's language."""
        return TEXTS[self.language]

    def text(self, name: str, **values: object) -> str:
        """Return a text with its values, all of it escaped."""
        template = self.texts.get(name, name)
        return escape(template.format(**values) if values else template)

    def whole(self, title: str, body: str) -> str:
        """Return the page; ``title`` and ``body`` are HTML."""
        name = escape(self.visit.settings.title or self.visit.settings.workshop)
        notice = ""
        if self.notice:
            role, bad = ("alert", " bad") if self.is_bad else ("status", "")
            notice = f'<p class="notice{bad}" role="{role}">{self.text(self.notice)}</p>'
        others = [
            language for language in self.visit.settings.languages if language != self.language
        ]
        links = "".join(
            f'<p><a href="/?lang={language}" lang="{language}" hreflang="{language}">'
            f"{escape(TEXTS[language]['language'])}</a></p>"
            for language in others
        )
        return (
            f'<!DOCTYPE html><html lang="{self.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{title} - {name}</title><style>{STYLE}</style></head><body>"
            f'<a class="skip" href="#main">{self.text("skip")}</a>'
            f'<header><p class="quiet">{name}</p></header>'
            f'<main id="main"><h1>{title}</h1>{notice}{body}</main><footer>{links}'
            f'<p><a href="/check">{self.text("check")}</a></p><details><summary>'
            f"{self.text('privacy')}</summary><p>{self.text('privacy_text')}</p></details>"
            "</footer></body></html>"
        )

    def form(self, action: str, inside: str) -> str:
        """Return a form that says of which session it is."""
        token = f'<input type="hidden" name="token" value="{self.token}">' if self.token else ""
        return f'<form method="post" action="{action}">{token}{inside}</form>'

    def button(self, text: str, name: str = "", value: str = "", kind: str = "") -> str:
        """Return a button; its text is HTML, its value is escaped here."""
        given = f' name="{name}" value="{escape(value)}"' if name else ""
        style = f' class="{kind}"' if kind else ""
        return f"<button{style}{given}>{text}</button>"

    def section(self, name: str, body: str) -> str:
        """Return a part of the page with its heading."""
        heading = f'<h2 id="{name}">{self.text(name)}</h2>'
        return f'<section aria-labelledby="{name}">{heading}{body}</section>'

    def clock(self, epoch: float) -> str:
        """Return a moment by the workshop's clock."""
        return f"{self.visit.local(datetime.fromtimestamp(epoch, UTC)):%H:%M}"

    def leave(self) -> str:
        """Return the form that ends the session."""
        return self.form("/leave", self.button(self.text("leave"), kind="second"))


def sign_in_page(page: Page) -> str:
    """Return the form for a code."""
    wrong = ' aria-invalid="true"' if page.is_bad else ""
    field = (
        f'<label for="code">{page.text("code")}</label>'
        f'<p id="hint" class="quiet">{page.text("code_hint")}</p>'
        f'<input id="code" name="code" type="text" required maxlength="40" autocomplete="off"'
        f' autocapitalize="characters" spellcheck="false" aria-describedby="hint"{wrong}>'
    )
    body = page.form("/code", field + page.button(page.text("go")))
    return page.whole(page.text("sign_in"), body)


def moved_page(page: Page) -> str:
    """Return a page that leads to the front: a cookie that is strict travels from here alone."""
    body = f'<p><a href="/">{page.text("go")}</a></p>'
    return page.whole(page.text("sign_in"), body)


def word_page(page: Page, title: str) -> str:
    """Return a page that says its notice alone."""
    return page.whole(page.text(title), f'<p><a href="/">{page.text("back")}</a></p>')


def claim_page(page: Page) -> str:
    """Return the form that claims a seat."""
    body = f"<p>{page.text('claim_why')}</p>"
    body += page.form("/claim", page.button(page.text("claim_go")))
    return page.whole(page.text("claim"), body + page.leave())


def seat_page(
    page: Page, seat: str, status: str, hand: dict[str, Any], box: DoorBox | None = None
) -> str:
    """Return what an attendee sees: the way in, messages, time and money, and what is theirs."""
    title = page.text("seat", seat=seat)
    if page.visit.is_over:
        body = f"<p>{page.text('over')}</p>{_saved_link(page)}{page.leave()}"
        return page.whole(title, body)
    body = ""
    if has_notebook(page.visit, seat):
        body = page.section("notebook", _notebook(page, status))
    if box is not None:
        body += page.section("box", _box(page, seat, box))
    body += _messages(page, seat)
    body += page.section("hand", _hand(page, hand))
    body += page.section("time", _time(page, seat))
    body += page.section("yours", _yours(page, seat))
    body += page.section("saved", _saved_link(page))
    return page.whole(title, body + page.leave())


def _notebook(page: Page, status: str) -> str:
    name = f"state_{status}"
    html = f"<p>{page.text(name if name in page.texts else 'state_')}</p>"
    if status in OPENABLE or name not in page.texts:
        lab = page.button(page.text("open_lab"), "view", "lab")
        tree = page.button(page.text("open_tree"), "view", "tree", "second")
        return html + page.form("/open", lab + tree)
    if status in STARTABLE:
        return html + page.form("/start", page.button(page.text("start")))
    return html + still(page)


def has_notebook(visit: Visit, seat: str) -> bool:
    """Return whether the profile of a seat has a notebook."""
    return bool((visit.settings.profile(seat) or {}).get("notebook", True))


def _box(page: Page, seat: str, box: DoorBox) -> str:
    name = f"box_state_{box.state}"
    html = f"<p>{page.text(name if name in page.texts else 'box_state_')}</p>"
    if box.state == "stopped":
        html += page.form("/start", page.button(page.text("start_box"), "what", "box"))
    elif box.state in BOX_CHANGING:
        html += still(page)
    lines = box_lines(page.visit, seat, box) if box.id else {}
    shown = {
        name: f"<p>{page.text(f'box_to_{name}')}</p><pre><code>{escape(text)}</code></pre>"
        for name, text in lines.items()
        if text
    }
    # What needs no installation stands first.
    html += shown.pop("notebook", "")
    if not shown:
        return html
    parts = "".join(shown[name] for name in BOX_LINES if name in shown)
    needs = "".join(
        f'<a href="{INSTALLING[name]}" rel="noreferrer">{escape(name)}</a>. ' for name in INSTALLING
    )
    intro = f"<p>{page.text('box_needs')} {needs}</p><p>{page.text('box_who')}</p>"
    return f"{html}<details><summary>{page.text('box_lines')}</summary>{intro}{parts}</details>"


def still(page: Page) -> str:
    """Return the links of a page that looks again by itself: at once, and no more."""
    return (
        f'<p><a href="/">{page.text("again")}</a></p>'
        f'<p><a href="/?still=1">{page.text("still")}</a></p>'
    )


def _messages(page: Page, seat: str) -> str:
    found = messages(page.visit, seat)
    items = "".join(
        f"<li><span class='quiet'>{page.clock(at)}</span> {escape(text)}</li>" for at, text in found
    )
    return page.section("messages", f"<ul>{items}</ul>") if items else ""


def _hand(page: Page, hand: dict[str, Any]) -> str:
    if not hand:
        field = (
            f'<label for="word">{page.text("hand_word")}</label>'
            f'<input id="word" name="word" type="text" maxlength="{WORD}" autocomplete="off">'
        )
        return page.form("/hand", field + page.button(page.text("hand_up"), "up", "1"))
    text = page.text("hand_is_up", at=page.clock(float(hand.get("at", 0))))
    seen = f" {page.text('hand_taken')}" if hand.get("taken") else ""
    down = page.button(page.text("hand_down"), "up", "0", "second")
    return (
        f"<p>{text}{seen}</p><p>{escape(str(hand.get('word', '')))}</p>{page.form('/hand', down)}"
    )


def _time(page: Page, seat: str) -> str:
    end = page.visit.end
    remaining = end - page.visit.now
    minutes = int(remaining.total_seconds() // 60)
    if remaining < timedelta(hours=1):
        left = page.text("minutes", minutes=minutes)
    elif remaining < timedelta(days=2):
        left = page.text("hours", hours=minutes // 60, minutes=minutes % 60)
    else:
        left = page.text("days", days=remaining.days)
    rows = [(page.text("ends"), page.text("ends_at", at=f"{end:%d.%m. %H:%M (%Z)}", left=left))]
    spent, cap = used(page.visit, seat), page.visit.settings.cap
    if spent is not None and cap is not None:
        of = page.text("used_of", used=f"{spent:.2f}", cap=f"{cap:.2f}")
        rows.append((page.text("used"), of))
    return _pairs(rows)


def _yours(page: Page, seat: str) -> str:
    settings = page.visit.settings
    profile = settings.profile(seat) or {}
    rows = [
        (
            page.text("bucket", key=key),
            f"<code>s3://{escape(bucket_of(page.visit, seat, key))}/</code>",
        )
        for key in profile["buckets"]
    ]
    rows.append((page.text("datasets"), f"<code>s3://{escape(settings.datasets)}/</code>"))
    for key in profile["repositories"]:
        name = settings.repository.replace("{seat}", seat).replace("{key}", key)
        rows.append((page.text("repository", key=key), f"<code>{escape(name)}</code>"))
    role = settings.role.replace("{seat}", seat)
    rows.append((page.text("role"), f"<code>{escape(role)}</code>"))
    for use, types in profile["types"].items():
        rows.append((page.text(f"types_{use}"), escape(", ".join(types))))
    rows.append((page.text("max_hours"), page.text("hours", hours=profile["hours"], minutes=0)))
    if profile["idle"] and has_notebook(page.visit, seat):
        rows.append((page.text("idle"), page.text("idle_after", minutes=profile["idle"])))
    if (box := profile.get("box")) and box["idle"]:
        rows.append((page.text("box_idle"), page.text("idle_after", minutes=box["idle"])))
    return _pairs(rows)


def _pairs(rows: list[tuple[str, str]]) -> str:
    """Return a list of terms; both parts are HTML."""
    return f"<dl>{''.join(f'<dt>{term}</dt><dd>{given}</dd>' for term, given in rows)}</dl>"


def _saved_link(page: Page) -> str:
    return f'<p><a href="/files">{page.text("saved_link")}</a></p>'


def files_page(page: Page, files: list[SavedFile], *, more: bool) -> str:
    """Return the saved files of a seat, each with a button that downloads it."""
    items = "".join(
        "<li>"
        + page.form(
            "/file", page.button(page.text("saved_file", path=file.path), "path", file.path)
        )
        + f"<span class='quiet'>{file.bytes:,} B</span></li>"
        for file in files
    )
    body = f"<ul>{items}</ul>" if files else f"<p>{page.text('saved_none')}</p>"
    if more:
        after = quote(files[-1].path, safe="")
        body += f'<p><a href="/files?after={after}">{page.text("saved_more")}</a></p>'
    body += f'<p><a href="/">{page.text("back")}</a></p>'
    return page.whole(page.text("saved"), body)


def helper_page(
    page: Page, name: str, statuses: dict[str, str], hands: dict[str, dict[str, Any]]
) -> str:
    """Return what a helper sees: seats by id, states, and hands; nothing else."""
    seats = sorted(page.visit.seats, key=lambda seat: (_urgency(hands.get(seat, {})), seat))
    rows = "".join(
        f'<tr><th scope="row">{escape(seat)}</th><td>{escape(statuses.get(seat, "?"))}</td>'
        f"<td>{_helpers_hand(page, seat, hands.get(seat, {}))}</td></tr>"
        for seat in seats
    )
    heads = "".join(
        f'<th scope="col">{page.text(f"column_{column}")}</th>'
        for column in ("seat", "state", "hand")
    )
    body = (
        f"<table><caption>{page.text('helper_caption')}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{still(page)}{page.leave()}"
    )
    return page.whole(page.text("helper", number=name), body)


def _urgency(hand: dict[str, Any]) -> tuple[bool, bool, float]:
    return not hand, bool(hand.get("taken")), float(hand.get("at", 0))


def _helpers_hand(page: Page, seat: str, hand: dict[str, Any]) -> str:
    if not hand:
        return ""
    text = f"{page.clock(float(hand.get('at', 0)))} {escape(str(hand.get('word', '')))}"
    if hand.get("taken"):
        return (
            f"{text} <span class='quiet'>{page.text('hand_seen_by', number=hand['taken'])}</span>"
        )
    label = page.text("take_label", seat=seat)
    button = f'<button name="seat" value="{escape(seat)}" aria-label="{label}">{page.text("take")}'
    return text + page.form("/taken", f"{button}</button>")


def check_page(page: Page, address: str) -> str:
    """Return the page on which attendees try their own network, days before."""
    domain = address.partition("://")[2].partition(".")[2]
    body = (
        f"<p>{page.text('check_here')}</p><p>{page.text('check_next', domain=f'*.{domain}')}</p>"
        f'<p><a href="{escape(address)}" rel="noreferrer">{page.text("check_link")}</a></p>'
        f'<p><a href="/">{page.text("back")}</a></p>'
    )
    return page.whole(page.text("check"), body)
