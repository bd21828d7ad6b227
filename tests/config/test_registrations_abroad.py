"""Exports in other languages and alphabets, and of other tools: every person is invented."""

# ruff: noqa: RUF001 - letters of other alphabets are meant

from __future__ import annotations

import pytest

from workshop.config.roster import registrations
from workshop.config.roster.registration_words import (
    ColumnMeaning,
    RegistrationStatus,
    heading_of,
    standing_of,
)

ADA, BEN = ("Ada Example", "ada@example.com"), ("Ben Sample", "ben@example.com")
HANAKO, TARO = ("山田 花子", "hanako@example.com"), ("鈴木 太郎", "taro@example.com")

EXPORTS = {
    "a Japanese form": (
        "utf-8",
        '"タイムスタンプ","メールアドレス","氏名","キャンセルポリシーに同意します"\n'
        '"2026/03/01","hanako@example.com","山田 花子","はい"\n'
        '"2026/03/01","taro@example.com","鈴木 太郎","はい"\n',
        {HANAKO: "", TARO: ""},
    ),
    "Japanese tickets out of Excel": (
        "cp932",
        "チケット名,姓,名,姓(フリガナ),メールアドレス,メールアドレス(確認),ステータス\n"
        "一般,山田,花子,ヤマダ,hanako@example.com,hanako@example.com,支払済み\n"
        "一般,鈴木,太郎,スズキ,taro@example.com,taro@example.com,キャンセル済み\n",
        {HANAKO: "", TARO: "is cancelled"},
    ),
    "a Japanese meeting": (
        "utf-8",
        "参加枠名,ユーザー名,表示名,参加ステータス,出欠ステータス,メールアドレス\n"
        "一般,hanako,山田 花子,参加,,hanako@example.com\n"
        "一般,taro,鈴木 太郎,補欠,,taro@example.com\n",
        {HANAKO: "", TARO: "is on the waiting list"},
    ),
    "a Chinese form": (
        "gbk",
        "时间,邮箱,姓名,状态\n1,li@example.com,李雷,已取消\n2,han@example.com,韩梅梅,已确认\n",
        {("李雷", "li@example.com"): "is cancelled", ("韩梅梅", "han@example.com"): ""},
    ),
    "English headings and Chinese names": (
        "gbk",
        "email,name\nli@example.com,李雷\nhan@example.com,韩梅梅\n",
        {("李雷", "li@example.com"): "", ("韩梅梅", "han@example.com"): ""},
    ),
    "English headings and Korean names": (
        "euc-kr",
        "email,name\nminji@example.com,김민지\njun@example.com,박준\n",
        {("김민지", "minji@example.com"): "", ("박준", "jun@example.com"): ""},
    ),
    "English headings and French names": (
        "cp1252",
        "email,name\nz@example.com,Zoé Lefèvre\nh@example.com,Héloïse Bœuf\n",
        {("Zoé Lefèvre", "z@example.com"): "", ("Héloïse Bœuf", "h@example.com"): ""},
    ),
    "a Korean form": (
        "euc-kr",
        "타임스탬프,이메일 주소,이름,상태\n"
        "1,minji@example.com,김민지,취소\n2,jun@example.com,박준,확정\n",
        {("김민지", "minji@example.com"): "is cancelled", ("박준", "jun@example.com"): ""},
    ),
    "a Russian form": (
        "cp1251",
        "Отметка времени,Адрес электронной почты,Имя и фамилия\n"
        "1,anna@example.com,Анна Примерова\n",
        {("Анна Примерова", "anna@example.com"): ""},
    ),
    "a Czech form": (
        "utf-8",
        "E-mailová adresa,Jméno,Příjmení,Stav\njana@example.com,Jana,Vzorová,zrušeno\n"
        "petr@example.com,Petr,Vzor,potvrzeno\n",
        {
            ("Jana Vzorová", "jana@example.com"): "is cancelled",
            ("Petr Vzor", "petr@example.com"): "",
        },
    ),
    "a Turkish form": (
        "utf-8",
        "Zaman damgası,E-posta Adresi,Adı Soyadı\n1,ayse@example.com,Ayşe Örnek\n",
        {("Ayşe Örnek", "ayse@example.com"): ""},
    ),
    "a French list in Latin-1": (
        "latin-1",
        "sep=;\r\nNom;Prénom;Courriel;Annulé le\r\nDupré;Élodie;elodie@example.com;\r\n"
        "Lefèvre;François;francois@example.com;01/03/2026\r\n",
        {
            ("Élodie Dupré", "elodie@example.com"): "",
            ("François Lefèvre", "francois@example.com"): "is cancelled",
        },
    ),
    "German tickets": (
        "utf-8",
        "Vorname,Nachname,E-Mail,Teilnehmerstatus\nAda,Example,ada@example.com,Nimmt teil\n"
        "Ben,Sample,ben@example.com,Nimmt nicht teil\n",
        {ADA: "", BEN: "is declined"},
    ),
    "a form that asks about the evening too": (
        "utf-8",
        "E-Mail-Adresse,Wie heißt du?,Kommst du auch zum Abendessen?,Will you attend the dinner?\n"
        "ada@example.com,Ada Example,Nein,No\n",
        {ADA: ""},
    ),
    "names in a whole and in parts": (
        "utf-8",
        "E-Mail;Status;Teilnehmername;Teilnehmername: Vorname;Teilnehmername: Nachname;"
        "Teilnehmer-E-Mail\npia@example.com;bezahlt;Ada Example;Ada;Example;ada@example.com\n"
        "pia@example.com;ausstehend;Ben Sample;Ben;Sample;ben@example.com\n",
        {ADA: "", BEN: "is not confirmed yet"},
    ),
    "attendees who were not asked for their addresses": (
        "utf-8",
        "Order code;Email;Attendee name;Attendee email\nA;ada@example.com;Ada Example;\n",
        {ADA: ""},
    ),
    "a form that asks in words whether one comes": (
        "cp1252",
        "Wie heißt du (Vor- und Nachname)?;E-Mail-Adresse (für den Zugang);Nimmst du teil?\n"
        "Ada Example;ada@example.com;Ja\nBen Sample;ben@example.com;Nein\n",
        {ADA: "", BEN: "is declined"},
    ),
    "French headings of an old Mac": (
        "mac_roman",
        "Prénom,Nom,Adresse courriel,État\rAda,Example,ada@example.com,inscrit\r"
        "Ben,Sample,ben@example.com,annulé\r",
        {ADA: "", BEN: "is cancelled"},
    ),
    "when somebody answered, which is no answer": (
        "utf-16",
        "Name\tRSVP\tRSVPed on\tEmail\nAda Example\tYes\tNov 2\tada@example.com\n"
        "Ben Sample\tWaitlist\tNov 3\tben@example.com\n",
        {ADA: "", BEN: "is on the waiting list"},
    ),
    "names on tickets": (
        "utf-8",
        "Name on ticket,Ticket holder email,Ticket status,Voided at\n"
        "Ada Example,ada@example.com,Valid,\nBen Sample,ben@example.com,Valid,2026-11-02\n",
        {ADA: "", BEN: "is cancelled"},
    ),
    "a declared delimiter without a byte order mark": (
        "utf-16-le",
        "sep=;\nVorname;Nachname;E-Mail;Status\nAda;Example;ada@example.com;bestätigt\n"
        "Ben;Sample;ben@example.com;Zurückgezogen\n",
        {ADA: "", BEN: "is cancelled"},
    ),
    "tickets that were taken back": (
        "utf-16",
        "Ticket First Name\tTicket Last Name\tTicket Email\tOrder Name\tVoid Status\tTicket State\n"
        "Ada\tExample\tada@example.com\tPia Payer\t\tcomplete\n"
        "Ben\tSample\tben@example.com\tPia Payer\tVoid\tvoid\n",
        {ADA: "", BEN: "is cancelled"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_is_taken_as_it_is(export: str) -> None:
    encoding, text, people = EXPORTS[export]
    read = registrations.read(text.encode(encoding))
    assert read.diagnostics == ()
    seen = {(one.name, one.email): one.left_out for one in read.registrations}
    assert seen == people
    assert not any(one.notes for one in read.registrations)


def test_a_status_that_is_none_of_the_known_words_is_said_of_each_row() -> None:
    text = "email,name,Status\nada@example.com,Ada Example,lemondva\n"
    [row] = registrations.read(text.encode()).registrations
    assert row.left_out == ""
    assert "its status is not known here" in row.notes[0]


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("No Response", RegistrationStatus.PENDING),
        ("未払い", RegistrationStatus.PENDING),
        ("キャンセル待ち", RegistrationStatus.WAITLISTED),
        ("返金済み", RegistrationStatus.REFUNDED),
        ("不参加", RegistrationStatus.DECLINED),
        ("отменено", RegistrationStatus.CANCELLED),
        ("Anulowane", RegistrationStatus.CANCELLED),
        ("Potwierdzone", RegistrationStatus.ACTIVE),
        ("iptal edildi", RegistrationStatus.CANCELLED),
    ],
)
def test_statuses_are_known_in_other_alphabets(status: str, standing: RegistrationStatus) -> None:
    assert standing_of(status) is standing


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("氏名(フリガナ)", None),
        ("会社名", None),
        ("メールマガジンを受け取る", None),
        ("Attendee name: Given name", ColumnMeaning.FIRST),
        ("Фамилия", ColumnMeaning.LAST),
    ],
)
def test_a_heading_names_what_its_last_words_say(title: str, heading: ColumnMeaning | None) -> None:
    found = heading_of(title)
    assert (found[0] if found else None) is heading


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        *((each, RegistrationStatus.CANCELLED) for each in (
            "Désinscrit", "Unregistered", "Deregistered", "Disiscritto", "Anulado", "Baja",
            "Disdetta", "Rinuncia", "Desistência", "Afgezegd", "Geannuleerd", "Uitgeschreven",
            "Zurückgezogen", "Abmeldung", "Withdrew", "Rezygnacja", "Peruutettu",
        )),
        *((each, RegistrationStatus.DECLINED) for each in (
            "Disapproved", "Ne viendra pas", "N'assistera pas", "Non parteciperà",
            "Não comparecerá", "Kommt nicht", "Nicht erschienen", "Komt niet", "Absent",
            "Afwezig", "No show",
        )),
        *((each, RegistrationStatus.PENDING) for each in ("Unapproved", "Unpaid", "Not confirmed")),
        *((each, RegistrationStatus.ACTIVE) for each in (
            "Confermata", "Inscrit", "Registered", "Kommt",
        )),
        ("Nachrücker", RegistrationStatus.WAITLISTED),
        ("Unsubscribed", RegistrationStatus.UNKNOWN),
    ],
)  # fmt: skip
def test_a_word_that_takes_back_another_is_not_taken_for_it(
    status: str, standing: RegistrationStatus
) -> None:
    assert standing_of(status) is standing
