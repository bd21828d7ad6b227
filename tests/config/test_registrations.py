"""Exports of registration tools are read as they are: every person in them is invented."""

from __future__ import annotations

import pytest

from tests.support.registration_exports import left, people
from workshop.config.roster import registrations
from workshop.config.roster.registration_words import (
    ColumnMeaning,
    RegistrationStatus,
    flag_of,
    heading_of,
    is_placeholder,
    standing_of,
)

TICKETS = """\
Order #,Order Date,First Name,Last Name,Email,Quantity,Ticket Type,Attendee #,Order Type,\
Total Paid,Attendee Status,Billing State
1001,2026-03-01,Ada,Example,ada@example.com,1,General,1,Free Order,0.00,Attending,NY
1002,2026-03-01,Ben,Sample,ben@example.com,1,General,1,Free Order,0.00,Not Attending,NY
1003,2026-03-02,Cleo,Muster,cleo@example.com,1,General,1,Free Order,0.00,Checked In,
1004,2026-03-02,Info Requested,Info Requested,dan@example.com,1,General,1,Free Order,0.00,Attending,
"""
GROUP_TICKETS = """\
Buyer first name,Buyer last name,Buyer email,Attendee first name,Attendee last name,Attendee email,\
Order status,Refunded
Pia,Payer,pia@example.com,Ada,Example,ada@example.com,Completed,No
Pia,Payer,pia@example.com,Ben,Sample,ben@example.com,Completed,Yes
"""
CALENDAR = """\
api_id,name,first_name,last_name,email,phone_number,created_at,approval_status,checked_in_at,\
custom_source,amount,coupon_code,ticket_type_id,ticket_name
gst-1,Ada Example,Ada,Example,ada@example.com,,2026-03-01T10:00:00Z,approved,,,$0.00,,t1,Standard
gst-2,Ben Sample,Ben,Sample,ben@example.com,,2026-03-01T10:00:00Z,waitlist,,,$0.00,,t1,Standard
gst-3,Cleo,,,cleo@example.com,,2026-03-01T10:00:00Z,approved,,,$0.00,,t1,Standard
gst-4,Dan D,Dan,D,dan@example.com,,2026-03-01T10:00:00Z,declined,,,$0.00,,t1,Standard
gst-5,Eve E,Eve,E,eve@example.com,,2026-03-01T10:00:00Z,pending_approval,,,$0.00,,t1,Standard
gst-6,Flo F,Flo,F,flo@example.com,,2026-03-01T10:00:00Z,invited,,,$0.00,,t1,Standard
"""
FORM = """\
"Timestamp","Email Address","What is your full name?","What do you
hope to learn?","I agree to the cancellation policy"
"2026/03/01 9:00:00 AM GMT+1","ada@example.com","Ada Example","notebooks,
and more","Yes"
"2026/03/02 9:00:00 AM GMT+1","ben@example.com","Ben ""Benno"" Sample","","Yes"
"2026/03/03 9:00:00 AM GMT+1","ADA@example.com","Ada Example","again","Yes"
"""
GERMAN_FORM = """\
Zeitstempel;E-Mail-Adresse;Vorname;Name;Möchtest du Newsletter per E-Mail erhalten?;Status
01.03.2026 09:00;joerg@example.com;Jörg;Müller;Nein;bestätigt
01.03.2026 09:01;zoe@example.com;Zoë;Weiß;Ja;storniert
01.03.2026 09:02;uli@example.com;Uli;Groß;Ja;nicht storniert
01.03.2026 09:03;vera@example.com;Vera;Öhm;Ja;Warteliste
"""
GERMAN_SHOP = """\
sep=;
Bestellnummer;Besteller E-Mail;Teilnehmername;Teilnehmer E-Mail;Zahlungsstatus;Storniert am
A1;kasse@example.com;Beispiel, Ada;ada@example.com;bezahlt;
A2;kasse@example.com;Ben Muster;ben@example.com;bezahlt;02.03.2026
A3;kasse@example.com;Cleo Probe;cleo@example.com;offen;
"""
FRENCH = """\
Numéro;Nom;Prénom;Adresse e-mail;Statut;Montant remboursé
1;Dupré;Élodie;elodie@example.com;Validé;0,00 €
2;Noël;Zoé;zoe@example.com;Annulé;0,00 €
3;Petit;Luc;luc@example.com;Validé;25,00 €
4;Roi;Max;max@example.com;Liste d'attente;0,00 €
"""
SPANISH = """\
Marca temporal,Nombre,Apellidos,Correo electrónico,Estado
01/03/2026,José,Núñez García,jose@example.com,Confirmado
01/03/2026,Eva,Peña,eva@example.com,Cancelado
01/03/2026,Ana,Gil,ana@example.com,Lista de espera
"""
ITALIAN = """\
Nome,Cognome,Indirizzo di posta elettronica,Stato
Niccolò,D'Esempio,nico@example.com,Confermato
Lia,Prova,lia@example.com,Annullato
Teo,Prova,teo@example.com,Rimborsato
"""
BRAZILIAN = """\
Nome,Sobrenome,E-mail,Situação,Estado
João,Conceição,joao@example.com,Pago,SP
Ana,Silva,ana@example.com,Reembolsado,RJ
"""
DUTCH = """\
Voornaam\tTussenvoegsel\tAchternaam\tE-mailadres\tStatus
Anna\tvan der\tVoorbeeld\tanna@example.com\tBetaald
Bram\t\tTest\tbram@example.com\tGeannuleerd
Coen\t\tProef\tcoen@example.com\tWachtlijst
"""
WEBINAR = """\
Registration Report
Report generated:,"03/01/2026 10:00 AM"
Topic,Webinar ID,Scheduled Time,# Registered,# Cancelled
Notebooks for all,123 456,"03/08/2026 09:00 AM",2,1

Attendee Details
First Name,Last Name,Email,Registration Time,Approval Status
Ada,Example,ada@example.com,2026-03-01 10:00,approved
Ben,Sample,ben@example.com,2026-03-01 10:01,cancelled by self
Total,2,,,
"""
CONTACTS = """\
"DisplayName","EmailAddress","CompanyName"
"Example, Ada","Ada Example <ada@example.com>","Sample Ltd"
"=HYPERLINK(""http://x.example"")","bob@example.com",""
"Cleo\u200b Muster","mailto:cleo@example.com",""
"""
LIST = "name|e-mail\nAda Example|ada@example.com\n"


AS_CSV = "open it, save it as CSV (in Excel: File, Save As, 'CSV UTF-8') and name that file"
NO_HEADINGS = (
    "begins with a person and not with headings; write one line above, such as 'name,email', which"
    " names the columns in their order"
)
NO_EMAIL = (
    "has no column of e-mail addresses in any of its first lines, and people are told apart by"
    " them; export the registrations with their e-mail addresses, as CSV"
)
NO_NAME = (
    "names no column of people's names; export the registrations with names, or call the column"
    " 'name'"
)
QUOTES = "has a quotation mark that is not closed, or text after one; correct the quotes"


@pytest.mark.parametrize(
    ("text", "seated", "left_out"),
    [
        pytest.param(
            TICKETS,
            [(2, "Ada Example", "ada@example.com"), (4, "Cleo Muster", "cleo@example.com")],
            {
                3: "is declined",
                5: "has a placeholder for a name; import again once the name is known",
            },
            id="tickets",
        ),
        pytest.param(
            GROUP_TICKETS,
            [(2, "Ada Example", "ada@example.com")],
            {3: "is refunded"},
            id="tickets that one buyer paid",
        ),
        pytest.param(
            CALENDAR,
            [(2, "Ada Example", "ada@example.com"), (4, "Cleo", "cleo@example.com")],
            {
                3: "is on the waiting list",
                5: "is declined",
                6: "is not confirmed yet",
                7: "is not confirmed yet",
            },
            id="calendar",
        ),
        pytest.param(
            FORM,
            [(3, "Ada Example", "ada@example.com"), (5, 'Ben "Benno" Sample', "ben@example.com")],
            {6: "line 3 has the same e-mail address"},
            id="form",
        ),
        pytest.param(
            GERMAN_FORM,
            [(2, "Jörg Müller", "joerg@example.com"), (4, "Uli Groß", "uli@example.com")],
            {3: "is cancelled", 5: "is on the waiting list"},
            id="German form",
        ),
        pytest.param(
            GERMAN_SHOP,
            [(3, "Beispiel, Ada", "ada@example.com")],
            {4: "is cancelled", 5: "is not confirmed yet"},
            id="German shop",
        ),
        pytest.param(
            FRENCH,
            [(2, "Élodie Dupré", "elodie@example.com")],
            {3: "is cancelled", 4: "is refunded", 5: "is on the waiting list"},
            id="French",
        ),
        pytest.param(
            SPANISH,
            [(2, "José Núñez García", "jose@example.com")],
            {3: "is cancelled", 4: "is on the waiting list"},
            id="Spanish",
        ),
        pytest.param(
            ITALIAN,
            [(2, "Niccolò D'Esempio", "nico@example.com")],
            {3: "is cancelled", 4: "is refunded"},
            id="Italian",
        ),
        pytest.param(
            BRAZILIAN,
            [(2, "João Conceição", "joao@example.com")],
            {3: "is refunded"},
            id="Portuguese",
        ),
        pytest.param(
            DUTCH,
            [(2, "Anna van der Voorbeeld", "anna@example.com")],
            {3: "is cancelled", 4: "is on the waiting list"},
            id="Dutch",
        ),
        pytest.param(
            WEBINAR,
            [(8, "Ada Example", "ada@example.com")],
            {9: "is cancelled", 10: "has no e-mail address; people are told apart by it"},
            id="webinar with a preamble and a footer",
        ),
        pytest.param(
            CONTACTS,
            [
                (2, "Example, Ada", "ada@example.com"),
                (3, 'HYPERLINK("http://x.example")', "bob@example.com"),
                (4, "Cleo Muster", "cleo@example.com"),
            ],
            {},
            id="contacts",
        ),
        pytest.param(LIST, [(2, "Ada Example", "ada@example.com")], {}, id="list by hand"),
    ],
)
def test_an_export_says_who_has_a_seat_and_who_is_left_out_and_why(
    text: str, seated: list[tuple[int, str, str]], left_out: dict[int, str]
) -> None:
    assert people(text) == seated
    assert left(text) == left_out


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1252", "Windows-1252"),
        ("mac_roman", "Mac Roman"),
    ],
)
@pytest.mark.parametrize("text", [GERMAN_FORM, FRENCH, SPANISH, ITALIAN, BRAZILIAN])
def test_letters_arrive_in_whatever_encoding_the_file_is(
    text: str, encoding: str, name: str
) -> None:
    assert people(text, encoding) == people(text)
    assert registrations.read(text.encode(encoding)).encoding == name


def test_polish_letters_of_windows_are_told_from_western_ones() -> None:
    text = "Imię;Nazwisko;E-mail\nŁukasz;Wiśniewski;lukasz@example.com\n"
    assert people(text, "cp1250") == [(2, "Łukasz Wiśniewski", "lukasz@example.com")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_delimiter_and_line_end_is_read(newline: str, delimiter: str) -> None:
    rows = [["First name", "Last name", "Email"], ["Ada", "Example", "ada@example.com"]]
    text = newline.join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert people(text) == [(2, "Ada Example", "ada@example.com")]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"PK\x03\x04rest", f"is a workbook and no CSV; {AS_CSV}"),
        (b"%PDF-1.7", "is a PDF; export the registrations as CSV"),
        (b"<!DOCTYPE html><table>", f"is a web page or XML and no CSV; {AS_CSV}"),
        (b'{"guests": []}', "is JSON; export the registrations as CSV"),
        (b"", NO_EMAIL),
        (b"name,company\nAda,X\n", NO_EMAIL),
        (b"ada@example.com\nben@example.com\n", NO_HEADINGS),
        (b'\n"Ada Example";"mailto:ada@example.com"\n', NO_HEADINGS),
        (b"email,city\nada@example.com,X\n", NO_NAME),
        (b'name,email\n"Ada,ada@example.com\n', QUOTES),
        (b"\xff\xfe\x00\xd8", f"is text in no encoding that is known here; {AS_CSV}"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_export_is_refused_with_the_way_out(raw: bytes, message: str) -> None:
    export = registrations.read(raw)
    assert [each.message for each in export.diagnostics] == [message]
    assert export.registrations == ()


def test_who_cancelled_and_registered_again_has_a_seat() -> None:
    text = "name,email,status\nAda,a@example.com,cancelled\nAda,a@example.com,attending\n"
    assert people(text) == [(3, "Ada", "a@example.com")]


def test_a_status_that_is_not_known_is_told_and_no_reason_to_leave_somebody_out() -> None:
    text = "name,email,status\nAda,a@example.com,attending\nBen,b@example.com,zugeordnet\n"
    ada, ben = registrations.read(text.encode()).registrations
    assert (ada.notes, ben.left_out) == ((), "")
    assert ben.notes == ("its status is not known here: look whether it is to have a seat",)


def test_people_of_one_name_and_without_a_name_are_told() -> None:
    text = "name,email\nAda,a@example.com\nada,b@example.com\n,c@example.com\n"
    notes = [each.notes for each in registrations.read(text.encode()).registrations]
    assert notes == [
        (),
        ("has the name of line 2 and another address: one person or two?",),
        ("has no name: its seat is called guest",),
    ]


@pytest.mark.parametrize(
    ("heading", "meaning"),
    [
        ("E-Mail", ColumnMeaning.EMAIL),
        ("eMail", ColumnMeaning.EMAIL),
        ("What is your e-mail address?", ColumnMeaning.EMAIL),
        ("Wie lautet deine E-Mailadresse?", ColumnMeaning.EMAIL),
        ("Courriel", ColumnMeaning.EMAIL),
        ("Correo", ColumnMeaning.EMAIL),
        ("Mailing address", None),
        ("Do you want to receive our e-mails?", None),
        ("E-mail status", None),
        ("FirstName", ColumnMeaning.FIRST),
        ("first_name", ColumnMeaning.FIRST),
        ("Vor- und Nachname", ColumnMeaning.FULL),
        ("Nom et prénom", ColumnMeaning.FULL),
        ("Name, Vorname", ColumnMeaning.FULL),
        ("Nombre y apellidos", ColumnMeaning.FULL),
        ("Wie heißt du?", ColumnMeaning.FULL),
        ("Familienname", ColumnMeaning.LAST),
        ("Surname", ColumnMeaning.LAST),
        ("Company Name", None),
        ("Event name", None),
        ("Username", None),
        ("Nombre de la empresa", None),
        ("Order Status", ColumnMeaning.STATUS),
        ("RSVP", ColumnMeaning.STATUS),
        ("Marital status", None),
        ("Canceled at", ColumnMeaning.FLAG),
        ("Waitlisted", ColumnMeaning.FLAG),
        ("Cancellation reason", None),
        ("I accept the refund policy", None),
        ("ada@example.com", None),
        ("", None),
    ],
)
def test_a_heading_is_known_by_its_words(heading: str, meaning: ColumnMeaning | None) -> None:
    found = heading_of(heading)
    assert (found and found[0]) == meaning


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("", RegistrationStatus.ACTIVE),
        ("Attending", RegistrationStatus.ACTIVE),
        ("CONFIRMED", RegistrationStatus.ACTIVE),
        ("Not cancelled", RegistrationStatus.ACTIVE),
        ("zugesagt", RegistrationStatus.ACTIVE),
        ("Cancelled", RegistrationStatus.CANCELLED),
        ("canceled_by_attendee", RegistrationStatus.CANCELLED),
        ("Storniert", RegistrationStatus.CANCELLED),
        ("Deleted", RegistrationStatus.CANCELLED),
        ("Refunded", RegistrationStatus.REFUNDED),
        ("Fully refunded", RegistrationStatus.REFUNDED),
        ("Partially refunded", RegistrationStatus.UNKNOWN),
        ("Wait-listed", RegistrationStatus.WAITLISTED),
        ("waiting list", RegistrationStatus.WAITLISTED),
        ("Not confirmed", RegistrationStatus.PENDING),
        ("En attente", RegistrationStatus.PENDING),
        ("No", RegistrationStatus.DECLINED),
        ("not approved", RegistrationStatus.DECLINED),
        ("Sector B", RegistrationStatus.UNKNOWN),
    ],
)
def test_a_status_says_what_its_words_say(status: str, standing: RegistrationStatus) -> None:
    assert standing_of(status) is standing


@pytest.mark.parametrize(
    ("heading", "cell", "standing"),
    [
        ("Cancelled", "", RegistrationStatus.ACTIVE),
        ("Cancelled", "FALSE", RegistrationStatus.ACTIVE),
        ("Cancelled", "yes", RegistrationStatus.CANCELLED),
        ("Storniert am", "02.03.2026", RegistrationStatus.CANCELLED),
        ("Amount refunded", "$0.00", RegistrationStatus.ACTIVE),
        ("Amount refunded", "USD 0.00", RegistrationStatus.ACTIVE),
        ("Amount refunded", "$25.00", RegistrationStatus.REFUNDED),
        ("Waitlist", "-", RegistrationStatus.ACTIVE),
        ("Waitlist", "perhaps later", RegistrationStatus.UNKNOWN),
    ],
)
def test_a_column_of_cancellations_says_who_cancelled(
    heading: str, cell: str, standing: RegistrationStatus
) -> None:
    assert flag_of(heading, cell) is standing


@pytest.mark.parametrize("name", ["TBD", "N.N.", "N. N.", "?", "to be announced", "unknown"])
def test_a_placeholder_is_no_name(name: str) -> None:
    assert is_placeholder(name)


@pytest.mark.parametrize("name", ["Ada", "Tim Ba", "王小明", "Nan", "Guest Example", ""])
def test_a_short_or_foreign_name_is_no_placeholder(name: str) -> None:
    assert not is_placeholder(name)
