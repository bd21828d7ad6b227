"""The words of registration tools: what a heading names, and what a status says of a person.

No tool is known by its brand. Headings and statuses are known by their words, in English, German,
French, Spanish, Italian, Portuguese and Dutch, in Japanese, Chinese, Korean and Russian, and the
most common ones in Nordic languages, Polish, Czech and Turkish. Words are compared without case,
accents and punctuation.
"""

# ruff: noqa: RUF001 - letters of other alphabets are meant

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class ColumnMeaning(StrEnum):
    """What a column of an export holds, as far as a roster needs it."""

    EMAIL = "e-mail"
    FULL = "full name"
    NAME = "name"
    """The whole name, or the part of it that no other column names."""
    FIRST = "first name"
    INFIX = "infix"
    LAST = "last name"
    STATUS = "status"
    FLAG = "flag"
    """Whether, when or for how much somebody was cancelled, refunded or put on a waiting list."""


class RegistrationStatus(StrEnum):
    """What a status says of a registration."""

    ACTIVE = "active"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    WAITLISTED = "on the waiting list"
    DECLINED = "declined"
    PENDING = "not confirmed yet"
    UNKNOWN = "unknown"


def _without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c))


def pattern(*patterns: str) -> re.Pattern[str]:
    """Return what finds any of ``patterns`` in text that is folded."""
    return re.compile(_without_accents("|".join(patterns)))


_EMAIL = pattern(
    r"\be ?mail", r"\bmail(adres\w*| ad+res+e?)?$", r"\bcorr?eio? eletr", r"\bcorreo\b",
    r"\bcourriel\b", r"\badresse electronique", r"\bposta elettronica", r"\bendereco eletronico",
    r"\be ?posta?\b", "メール", "メアド", "电子邮[件箱]", "邮箱", "電子郵件", "이메일", "전자우편",
    r"электронн\w* почт", r"электронн\w* адрес", r"^почта$",
)  # fmt: skip
_OTHER_EMAIL = pattern(
    "newsletter", "marketing", r"\bopt", "consent", "subscri", "status", r"\bsent\b", "verif",
    "receive", "recevoir", "recib", "ricev", "receber", "erhalten", "ontvang", "invited by",
    "emergency", "domain", r"\bid\b", "メールマガジン", "メルマガ", "配信", "受け取", "рассылк",
)  # fmt: skip
_REPEATED_EMAIL = pattern(
    "confirm", "repeat", "again", "bestat", "wiederhol", "repit", "second", "確認", "确认", "확인"
)
_PAYER = pattern(
    "buyer", "purchas", r"\border", "billing", "payer", "invoice", "kaufer", "besteller",
    "rechnung", "acheteur", "factur", "comprador", "compratore", "acquirente", r"\bkoper",
    "factuur", "booker", "company", "firm", "organi[sz]", "contact", "manager", "supervisor",
    "referr", "friend", "partner", "colleague", "kolleg", "parent", r"\beltern", "guardian",
    "secretar", "assistant", "teacher", "購入", "购买", "구매", "주문자", "покупател", "会社",
    "плательщик",
)  # fmt: skip
_PERSON = pattern(
    "attendee", "participant", "guest", "teilnehm", r"\bgast", "asistente", "partecipante",
    "deelnemer", "inscrit", "registrant", "delegate", "ticket ?holder",
    "参加者", "参会", "참가자", "участник", "katilimci", "ucastnik", "uczestnik",
)  # fmt: skip

_FULL = pattern(
    "full ?name", "display ?name", "name on (the )?(ticket|badge)",
    "vor (und )?(nach|familien|zu)name", "ganzer name",
    "vollstandige[rn]? name", "nom complet",
    "nome completo", "nombre completo", "nominativo", "volledige naam", "wie heisst",
    "wie heissen", "como te llamas", "vous appelez", "come ti chiami", "hoe heet",
    "氏名", "名前", "姓名", "表示名", "이름", "성명", "성함", r"\bфио\b", r"\badi?( ve)? soyad",
)  # fmt: skip
_FIRST = pattern(
    "first ?name", "given ?names?", "forename", "vorname", "prenom", "nombres? de pila",
    "primer nombre", "primeiro nome", "nome proprio", "voornaam", "fornamn", "fornavn", r"\bimie",
    "etunimi", "keresztnev", "^名$", "下の名", "^名字$",
)  # fmt: skip
_LAST = pattern(
    "last ?name", "surname", "family ?name", "nachname", "familienname", "zuname",
    "nom de famille", "apellidos?", "cognome", "sobrenome", "ultimo nome", "apelido",
    "achternaam", "familienaam", "efternamn", "etternavn", "efternavn", "nazwisko",
    "prijmeni", "priezvisko", "soyad", "sukunimi", "vezeteknev", "фамилия", "^姓$", "苗字", "^성$",
)  # fmt: skip
_INFIX = pattern("tussenvoegsel", "voorvoegsel")
_NAME = pattern(
    r"\b(name|nom|nombre|nome|naam|namn|navn|nimi|jmeno|meno|imie|adi|имя)\b",
    "(teilnehmer|gast|deelnemers?)na(me|am)",
)
_OTHER_NAME = pattern(
    "company", "event", "ticket", "user", "nick", "file", "firm", "unternehmen", "entreprise",
    "societ", "organi", "empresa", "azienda", "bedrijf", "school", "schule", "universi", "team",
    "project", "projekt", "session", "venue", "coupon", "discount", "code", "card", "hotel",
    "city", "country", "emergency", "product", "maiden", "middle", "tag", "topic", "campaign",
    "badge", "group", "host", "pronoun", r"\bstreet",
)  # fmt: skip

_NO_NAME = pattern(
    "フリガナ",
    "ふりがな",
    "カナ",
    "かな",
    "ローマ字",
    "拼音",
    "(会社|企業|団体|学校|公司|회사)",
    "(ユーザー?|チケット|イベント|商品|部署|枠|票|活动|用户)名",
)
"""How a name is read, and what else has one, where names are written without blanks."""

_STATUS = pattern(
    r"\bstatus\b", r"\bstatut\b", r"\betat\b", r"^stan\b", r"\bestado\b", r"\bstato\b", "situac",
    r"\brsvp", "zusage",
    r"\w+status$", "(order|ticket|registration) state",
    "(are|will|do|can) you .*(coming|come|attend|participat|join)", "kommst du", "kommen sie",
    "n(imm|ehm)(s?t|en) .*teil$", "^teilnahme$", "^anmeldung$", "^attend(ing|ance)?$", "^coming$",
    "^registered$", "participe[rsz]*( vous)?$", "^(presence|participation|participacion)$",
    "^asist(e|es|ira|iras|encia)$", "^partecip(i|a|erai|azione)$", "^(deelname|aanwezig)$",
    "ステータス", "参加状況", "出欠", "状態", "状态", "상태", "статус",
    r"\bdurumu?\b", r"\bstav\b",
)  # fmt: skip
_OF_A_COUNTRY = pattern(r"\bestado\b", r"\bstato\b", "state", r"\bstav\b", r"\betat\b", r"\bstan\b")
_WHEN = pattern(
    r"\b(on|at|date|time|by|datum|am|uhrzeit|zeit|fecha|data|le|changed|updated|since|seit)$"
)
"""How headings end that say when or by whom a status was given."""
_OTHER_STATUS = pattern(
    "marital",
    "member",
    "employ",
    "email",
    "mail",
    "dietary",
    "visa",
    "civil",
    "dinner",
    "lunch",
    "breakfast",
    "drinks?\\b",
    "party",
    "social",
    "reception",
    "tour\\b",
    "essen",
    "abend",
    "feier",
    "ausflug",
    "hotel",
    "train",
    "by (bus|car)",
    "remote",
    "in person",
    "laptop",
    "parking",
)

_WAITLISTED = pattern(
    "wait ?list", "waiting", "warteliste", "liste d attente", "lista d[ei] (espera|attesa)",
    "lista d attesa", "wachtlijst", "standby", "vantelista", "venteliste",
    "補欠", "キャンセル待ち", "候[补補]", "대기", "лист ожидани", "bekleme listesi", "nahradnik",
    "lista (oczekuj|rezerw)", "nachruck",
)  # fmt: skip
_REFUNDED = pattern(
    "refund", "ruckerstatt", "erstattet", "rembours", "reembols", "rimbors", "terugbetaa",
    "charge ?back", "devuelt", "返金", "払い?戻", "退款", "환불", "возвра[тщ]", r"\biade", "zwroc",
)  # fmt: skip
_CANCELLED = pattern(
    "cancel", "storn", "annul", r"\banul", "abgesagt", "abmeldung", "zuruckge(zogen|treten)",
    "rucktritt", "ab(bestellt|gebrochen)", "withdr[ae]w", "^dropped", "^dropout", "revoked",
    r"\b(un|de|dis|des)(regist|inscri|iscri|enrol)", "deactivat",
    "desist", "disdett", "rinunc", "renunc", r"^(de |dado de |dada de )?baja\b", "afgezegd",
    "uitgeschreven", "afmeld", "avmeld", "peruut", "odhlas", "rezygn", "odwolan", "wypisan",
    "abgemeldet", "afgemeld", "avbokad",
    "delet", "gelosch", "removed", "voided", "supprim", "eliminad", "expired", "abgelaufen",
    "anulowan", "inactive", r"\bvoid\b", "キャンセル", "取り?消", "취소", "отмен", r"\biptal",
    "zrusen",
)  # fmt: skip
_DECLINED = pattern(
    "declin", "reject", "abgelehnt", r"\brefus", "rechaz", "rifiutat", "recusad", "afgewezen",
    "denied", "not (attending|going|coming|approved)", "^(no|nein|non|nee|nao)$",
    "nimmt nicht", "kommt nicht", "nicht (dabei|erschienen|anwesend)", "verhindert", "disapprov",
    r"\bne (participe|vien)", r"\bn assiste", "no asist", "no (podra|puede|vendra)",
    "non (partecip|verra|viene)", "nao (vem|vai|participa|comparec)", "komt niet", "no show",
    r"^(absent|abwesend|afwezig|ausente|assente|excuse|entschuldigt)", "unable to", "不参加",
    "欠席", "辞退", "却下", "拒[否绝]",
    "불참", "отказ", "katilm[ai]", "^(いいえ|否|아니요|нет|hayir|ne|nie)$",
)  # fmt: skip
_PENDING = pattern(
    "pending", "awaiting", r"\boffen", "en attente", "pendiente", "in attesa", "pendente",
    "in afwachting", "openstaand", "invited",
    r"\bun(confirmed|approved|paid|verified|bestatigt|bezahlt)",
    "started", "incomplete", "abandon", "draft", r"\bmaybe", "vielleicht", "ausstehend",
    "no (response|reply|answer)", "not responded", "keine antwort", "未(払|入金|定|承認|支付|付款)",
    "承認待ち", "申請中", "保留", "待(审核|定|付款|支付|确认)", "미결제", "ожидает", "не оплачен",
    "bekle", "nezaplacen", "nieoplacon",
)  # fmt: skip
_ACTIVE = pattern(
    r"\battend", r"\bapprov", "confirm", "conferm", "bestat", r"\bpaid", "bezahlt", r"\bpaye",
    "pagad", r"\bpago",
    "pagat", "betaald", r"\bvalid", "gultig", r"\bcomplet", "abgeschlossen", "check", "register",
    "angemeldet", "inscri", "iscritt", "aangemeld", "accept", "akzept", "angenommen", "going",
    r"\bfree\b", "gratis", r"\bactiv", r"\baktiv", "zugesagt", "teilnehm", "kommt", "present",
    "success", "processed", "placed", "verified", "scanned", "bevestigd", "^booked", "gebucht",
    "^(yes|ja|oui|si|sim|ok|y|tak)$", "issued", "live", "nimmt teil", "参加", "出席", "確定",
    "支払い?済", "完了", "承認", "申込", "已(确认|支付|付款|报名|签到)", "通过", "有效", "확정",
    "참석", "완료", "승인", "подтвержд", "оплачен", "участв", "onaylan", "katil", "odendi",
    "potvrzen", "zaplacen", "potwierdz", "oplacon", "^(はい|是|예|네|да|evet|ano)$",
)  # fmt: skip
_PARTLY = pattern("partial", r"\bteil(weise)?\b", "partiel", "parcial", "parzial", "gedeelte")
_NEGATED = re.compile(r"^(not|nicht|non|no(?! (?:response|reply|answer))|niet|nao|pas|ikke|inte) ")

_TALK = pattern(
    "reason", "policy", "polit", "grund", "motif", "motivo", "reden", "agree", "accept",
    "condition", "bedingung", "condicion", "terms", "deadline", "until", "url", "link", r"\bbis\b",
    "ポリシー", "規約", "同意", "政策", "条款", "동의", "услови", "соглас",
)  # fmt: skip
"""Headings that speak of cancellation and say nothing of a person's."""

_FALSE = frozenset({"", "no", "false", "nein", "non", "nee", "nao", "n", "none", "never", "n a"})
_TRUE = frozenset({"yes", "true", "ja", "oui", "si", "sim", "y", "x"})

_PLACEHOLDER = re.compile(
    r"(tb[acd]|to be (announced|confirmed|determined|named)|n ?n|unknown|unbekannt|noch offen"
    r"|anonymous|未定|guest|gast|test|name|info requested|x+|)"
)
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})


def folded(text: str) -> str:
    """Return the words of ``text`` without case, accents and punctuation."""
    plain = _without_accents(text.casefold().translate(_LETTERS)).replace("_", " ")
    return " ".join(re.findall(r"\w+", plain))


def heading_of(text: str) -> tuple[ColumnMeaning, int] | None:
    """Return what a heading names and how surely, or None; an address is no heading."""
    words = folded(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))
    if not words or "@" in text:
        return None
    # 'Attendee name: Given name' is the given name; who it is of stands before it.
    last_words = folded(text.rpartition(":")[2]) or words
    # Of two columns that name the same, the attendee's own counts before the buyer's.
    rank = 2 * bool(_PERSON.search(words)) - 4 * bool(_PAYER.search(words))
    rank += len(words.split()) <= 2  # noqa: PLR2004 - a heading, and not a sentence that asks
    if _EMAIL.search(words):
        is_other = _OTHER_EMAIL.search(words)
        return (
            None
            if is_other
            else (ColumnMeaning.EMAIL, rank - 2 * bool(_REPEATED_EMAIL.search(words)))
        )
    meaning = _status_heading(words) or _name_heading(last_words)
    return (meaning, rank) if meaning else None


def _status_heading(words: str) -> ColumnMeaning | None:
    outcome = _outcome(words)
    if outcome and outcome is not RegistrationStatus.PENDING and not _TALK.search(words):
        return ColumnMeaning.FLAG
    is_other = _OTHER_STATUS.search(words) or _WHEN.search(words)
    is_status = _STATUS.search(words) and not is_other
    return ColumnMeaning.STATUS if is_status else None


def _name_heading(words: str) -> ColumnMeaning | None:
    for pattern, heading in (
        (_NO_NAME, None),
        (_FULL, ColumnMeaning.FULL),
        (_INFIX, ColumnMeaning.INFIX),
    ):
        if pattern.search(words):
            return heading
    first, last = _FIRST.search(words), _LAST.search(words)
    rest = _LAST.sub("", _FIRST.sub("", words))
    if (first and last) or ((first or last) and _NAME.search(rest)):
        return ColumnMeaning.FULL  # one column of both
    if first or last:
        return ColumnMeaning.FIRST if first else ColumnMeaning.LAST
    if _NAME.search(words) and not _OTHER_NAME.search(_PERSON.sub("", words)):
        return ColumnMeaning.NAME
    return None


def may_be_of_a_country(heading: str) -> bool:
    """Whether a heading of statuses may as well name a part of a country."""
    return _OF_A_COUNTRY.search(folded(heading)) is not None


def standing_of(status: str) -> RegistrationStatus:
    """Return what the words of a status say; nothing is said by an empty one."""
    words = folded(status)
    if not words:
        return RegistrationStatus.ACTIVE
    negated = _NEGATED.search(words)
    found = _outcome(words[negated.end() :] if negated else words)
    if _DECLINED.search(words):
        standing = RegistrationStatus.DECLINED
    elif found is RegistrationStatus.REFUNDED and _PARTLY.search(words):
        standing = RegistrationStatus.UNKNOWN
    elif found:
        standing = RegistrationStatus.ACTIVE if negated else found
    elif _ACTIVE.search(words):
        standing = RegistrationStatus.PENDING if negated else RegistrationStatus.ACTIVE
    else:
        standing = RegistrationStatus.UNKNOWN
    return standing


def flag_of(heading: str, cell: str) -> RegistrationStatus:
    """Return what a cell under a heading such as 'Cancelled at' or 'Refunded' says."""
    words = folded(cell)
    standing = _outcome(folded(heading)) or RegistrationStatus.UNKNOWN
    # No date and no amount has zeros alone.
    if words in _FALSE or (not re.search(r"[a-z]{4}", words) and not re.search("[1-9x]", words)):
        return RegistrationStatus.ACTIVE if words not in _TRUE else standing
    if words in _TRUE or re.search(r"[0-9]", words) or _outcome(words) is standing:
        return standing
    return RegistrationStatus.UNKNOWN


def _outcome(words: str) -> RegistrationStatus | None:
    for pattern, standing in (
        (_WAITLISTED, RegistrationStatus.WAITLISTED),
        (_REFUNDED, RegistrationStatus.REFUNDED),
        (_CANCELLED, RegistrationStatus.CANCELLED),
        (_PENDING, RegistrationStatus.PENDING),
    ):
        if pattern.search(words):
            return standing
    return None


def is_placeholder(name: str) -> bool:
    """Whether a name that is there stands for somebody who is not known yet, such as 'TBD'."""
    words = folded(name)
    once = re.sub(r"(.{3,}) \1", r"\1", words)  # in both columns, for the first and the last name
    return bool(name) and _PLACEHOLDER.fullmatch(once) is not None
