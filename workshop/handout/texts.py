"""What attendees read on slips and pages of their seats, by language; values fill the braces.

The texts are HTML and are ours; values are escaped. What the door shows as well is in its texts.
The room's page is for organisers, in English as the commands.
"""

from __future__ import annotations

from markupsafe import Markup

from workshop.door import texts as door
from workshop.escaping import printable

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "moment": "{0:%a} {0.day} {0:%B %Y, %H:%M} ({0:%Z})",
        "between": "{start} to {end}",
        "for": "For <strong>{name}</strong>",
        "seat": "Seat",
        "seat_of": "seat {seat}",
        "as_of": "As of {made}: {problem}.",
        "fresh": "before {at} UTC. This link needs no sign-in: keep it to yourself. Later on:",
        "go": "Open {address} in a browser, or scan the code beside this.",
        "type": "Type your code: {code}",
        "press": "Press <em>Open JupyterLab</em>. If the notebook has stopped, press <em>Start the"
        " notebook</em> first; that takes some minutes. What you saved is still there.",
        "keep": "Keep this page to yourself: whoever has the code opens your notebook. Days before,"
        " try your network at {check}.",
        "qr_door": "QR code of the door, with the code of seat {seat}",
        "sign_in_console": "Sign in to the AWS console, account {account}.",
        "sign_in_role": "Sign in to the AWS console, account {account} with the role {role}.",
        "in_console": "open your notebook in the console",
        "then": "Then {link}: click, scan the code, or type the address below.",
        "stopped": "If it has stopped, start {notebook} in the console, or ask; that takes some"
        " minutes. What you saved is still there.",
        "qr_console": "QR code of the address that opens notebook {notebook}",
        "no_sign_in": "No sign-in to the console? Ask the organiser for a link, which has to be"
        " opened within five minutes.",
        "served": "The button makes a link that needs no sign-in: keep it to yourself. If the"
        " notebook has stopped, ask the organiser to start it.",
        "region": "Region",
        "prefixes": "with {prefixes}",
        "dashboard": "Dashboard",
        "in_file": "Your notebook has all of this in the file <code>WORKSHOP.md</code> and in"
        " variables that begin with <code>WORKSHOP_</code>.",
        "pushing": "Pushing an image",
        "immutable": "A tag, once pushed, stays: give each image a new one.",
        "good_to_know": "Good to know",
        "open_training": "Training on",
        "open_processing": "Processing on",
        "open_endpoint": "Endpoints on",
        "open_hours": "The longest job",
        "hours": "{hours} hours",
        "open_public": "Sample data, to read",
        "names": "Python on your notebook puts {prefix} before the names of what you make."
        " Elsewhere, begin names so yourself",
        "names_logs": ": only then can you read the logs.",
        "names_all": ", so that everybody sees whose they are.",
        "tags": "Python kernels of your notebook tag what you make. In a terminal, give the tags"
        " {one} and {other} yourself, or AWS refuses; <code>$WORKSHOP_TAGS</code> has them.",
        "tags_open": "Tag what you make in a terminal with {one} and {other}.",
        "idle": "The notebook stops after {minutes} minutes in which nothing runs.",
        "idle_busy": "The notebook stops after {minutes} minutes in which nothing runs, and after"
        " {hours} hours without a pause, whatever runs.",
        "outlives": "Only <code>/home/ec2-user/SageMaker</code> outlives a stop of the notebook.",
        "removed": "All of it is removed after {end}: take along what you want.",
        "slip_code": "Open {address} or scan. Your code:",
        "slip_keep": "Keep it to yourself: it opens your notebook.",
        "slip_console": "Sign in to the AWS console, account {account}, then scan: it leads to"
        " {notebook}. Without a sign-in, ask for a link.",
        "slip_role": "Sign in to the AWS console, account {account} with the role {role}, then"
        " scan: it leads to {notebook}. Without a sign-in, ask for a link.",
        "qr_slip": "QR code that opens notebook {notebook}",
        "press_box": "The page has the lines that lead into your EC2 instance, and starts it if it"
        " is stopped.",
        "box_needs": "{host}, {id}. Your machine needs the {cli} and its {plugin}.",
        "box_own": "The lines use its profile {profile}, which you add to"
        " <code>~/.aws/config</code>:",
        "box_asked": "The lines use its profile {profile}: the organisers give you what belongs"
        " into <code>~/.aws/credentials</code>, for an hour at a time.",
        "box_jupyter": "JupyterLab: leave this running, and open {address}",
        "box_code": "VS Code in the browser: leave this running, and open {address}",
        "box_ssh": "VS Code (Remote - SSH), JetBrains Gateway and SSH connect to the host {host},"
        " once you have made a key pair:",
        "box_config": "and written this into <code>~/.ssh/config</code> ({system}):",
        "box_link": "Without any installation, ask the organisers for a link that signs your"
        " browser in to AWS's console, at a shell on the instance.",
        "box_idle": "The EC2 instance stops after {minutes} minutes in which nobody is connected"
        " and nothing runs. Its disk stays until the workshop is removed.",
        "slip_box": "Your EC2 instance is {id}. The page of your seat has the lines to connect.",
        "slip_box_door": "Your EC2 instance is {id}. The same page has the lines to connect.",
    },
    "de": {
        "moment": "{0.day}.{0.month}.{0.year}, {0:%H:%M} ({0:%Z})",
        "between": "{start} bis {end}",
        "for": "Für <strong>{name}</strong>",
        "seat": "Platz",
        "seat_of": "Platz {seat}",
        "as_of": "Stand {made}: {problem}.",
        "fresh": "vor {at} UTC. Dieser Link braucht keine Anmeldung: Geben Sie ihn nicht weiter."
        " Danach:",
        "go": "Öffnen Sie {address} in einem Browser, oder scannen Sie den QR-Code daneben.",
        "type": "Geben Sie Ihren Code ein: {code}",
        "press": "Drücken Sie <em>JupyterLab öffnen</em>. Ist das Notebook angehalten, drücken Sie"
        " zuerst <em>Notebook starten</em>; das dauert einige Minuten. Was Sie gesichert haben, ist"
        " noch da.",
        "keep": "Geben Sie diese Seite nicht weiter: Wer den Code hat, öffnet Ihr Notebook. Prüfen"
        " Sie Tage vorher Ihr Netz: {check}.",
        "qr_door": "QR-Code der Seite, mit dem Code von Platz {seat}",
        "sign_in_console": "Melden Sie sich an der AWS-Konsole an, Konto {account}.",
        "sign_in_role": "Melden Sie sich an der AWS-Konsole an, Konto {account}, mit der Rolle"
        " {role}.",
        "in_console": "öffnen Sie Ihr Notebook in der Konsole",
        "then": "Dann {link}: durch Anklicken, mit dem QR-Code oder der Adresse unten.",
        "stopped": "Ist es angehalten, starten Sie {notebook} in der Konsole, oder fragen Sie nach;"
        " das dauert einige Minuten. Was Sie gesichert haben, ist noch da.",
        "qr_console": "QR-Code der Adresse, die das Notebook {notebook} öffnet",
        "no_sign_in": "Keine Anmeldung an der Konsole? Bitten Sie die Leitung um einen Link; er"
        " muss binnen fünf Minuten geöffnet werden.",
        "served": "Der Knopf macht einen Link, der keine Anmeldung braucht: Geben Sie ihn nicht"
        " weiter. Ist das Notebook angehalten, bitten Sie die Leitung, es zu starten.",
        "region": "Region",
        "prefixes": "mit {prefixes}",
        "dashboard": "Dashboard",
        "in_file": "Ihr Notebook hat all das in der Datei <code>WORKSHOP.md</code> und in"
        " Variablen, die mit <code>WORKSHOP_</code> beginnen.",
        "pushing": "Ein Image hochladen",
        "immutable": "Ein Tag bleibt, wie es hochgeladen wurde: Geben Sie jedem Image ein neues.",
        "good_to_know": "Gut zu wissen",
        "open_training": "Training auf",
        "open_processing": "Verarbeitung auf",
        "open_endpoint": "Endpunkte auf",
        "open_hours": "Der längste Job",
        "hours": "{hours} Stunden",
        "open_public": "Beispieldaten, zum Lesen",
        "names": "Python auf Ihrem Notebook setzt {prefix} vor die Namen dessen, was Sie machen."
        " Lassen Sie anderswo die Namen selbst so beginnen",
        "names_logs": ": Nur dann können Sie die Logs lesen.",
        "names_all": ", damit alle sehen, wem sie gehören.",
        "tags": "Python-Kernels Ihres Notebooks versehen mit Tags, was Sie machen. Geben Sie in"
        " einem Terminal die Tags {one} und {other} selbst an, sonst lehnt AWS ab;"
        " <code>$WORKSHOP_TAGS</code> hat sie.",
        "tags_open": "Versehen Sie, was Sie in einem Terminal machen, mit {one} und {other}.",
        "idle": "Das Notebook hält an nach {minutes} Minuten, in denen nichts läuft.",
        "idle_busy": "Das Notebook hält an nach {minutes} Minuten, in denen nichts läuft, und nach"
        " {hours} Stunden ohne Pause, was auch läuft.",
        "outlives": "Nur <code>/home/ec2-user/SageMaker</code> überdauert ein Anhalten des"
        " Notebooks.",
        "removed": "All das wird nach dem {end} gelöscht: Nehmen Sie mit, was Sie behalten wollen.",
        "slip_code": "Öffnen Sie {address}, oder scannen Sie. Ihr Code:",
        "slip_keep": "Geben Sie ihn nicht weiter: Er öffnet Ihr Notebook.",
        "slip_console": "Melden Sie sich an der AWS-Konsole an, Konto {account}, und scannen Sie"
        " dann: Das führt zu {notebook}. Ohne Anmeldung bitten Sie um einen Link.",
        "slip_role": "Melden Sie sich an der AWS-Konsole an, Konto {account}, mit der Rolle {role},"
        " und scannen Sie dann: Das führt zu {notebook}. Ohne Anmeldung bitten Sie um einen Link.",
        "qr_slip": "QR-Code, der das Notebook {notebook} öffnet",
        "press_box": "Die Seite hat die Zeilen, die in Ihre EC2-Instanz führen, und startet sie,"
        " wenn sie angehalten ist.",
        "box_needs": "{host}, {id}. Ihr Rechner braucht die {cli} und ihr {plugin}.",
        "box_own": "Die Zeilen nehmen ihr Profil {profile}, das Sie in <code>~/.aws/config</code>"
        " schreiben:",
        "box_asked": "Die Zeilen nehmen ihr Profil {profile}: Was in"
        " <code>~/.aws/credentials</code> gehört, gibt Ihnen die Leitung, für je eine Stunde.",
        "box_jupyter": "JupyterLab: Lassen Sie dies laufen, und öffnen Sie {address}",
        "box_code": "VS Code im Browser: Lassen Sie dies laufen, und öffnen Sie {address}",
        "box_ssh": "VS Code (Remote - SSH), JetBrains Gateway und SSH verbinden sich mit dem Host"
        " {host}, sobald Sie ein Schlüsselpaar haben:",
        "box_config": "und dies in <code>~/.ssh/config</code> steht ({system}):",
        "box_link": "Ohne jede Installation: Bitten Sie die Leitung um einen Link, der Ihren"
        " Browser an der AWS-Konsole anmeldet, bei einer Shell auf der Instanz.",
        "box_idle": "Die EC2-Instanz hält an nach {minutes} Minuten, in denen niemand verbunden ist"
        " und nichts läuft. Ihre Platte bleibt, bis der Workshop gelöscht wird.",
        "slip_box": "Ihre EC2-Instanz ist {id}. Die Zeilen zum Verbinden stehen auf der Seite Ihres"
        " Platzes.",
        "slip_box_door": "Ihre EC2-Instanz ist {id}. Dieselbe Seite hat die Zeilen zum Verbinden.",
    },
}


class Words:
    """The texts of one language, as templates fill them in."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, name: str, /, *given: object, **values: object) -> Markup:
        """Return a text with its values, which are escaped unless they are HTML of ours."""
        shown = {
            key: value if isinstance(value, Markup) else printable(str(value))
            for key, value in values.items()
        }
        return Markup(TEXTS[self.language][name]).format(*given, **shown)  # noqa: S704 - ours

    def door(self, name: str, /, **values: object) -> str:
        """Return a text that the door shows as well."""
        return door.TEXTS[self.language][name].format(**values)
