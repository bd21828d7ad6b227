"""Every text that the door shows, by language; what stands in braces is filled in, escaped."""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "language": "English",
        "skip": "Skip to the content",
        "sign_in": "Open your notebook",
        "code": "The code of your slip",
        "code_hint": "13 letters and digits. Capitals, blanks and hyphens do not matter.",
        "go": "Go on",
        "wrong_code": "No seat has this code. Check each letter, or ask for help.",
        "no_session": "Please type your code again: this page was open for too long, or your code"
        " was renewed.",
        "foreign_form": "This form was not sent from this page. Please try again from here.",
        "seat": "Seat {seat}",
        "notebook": "Your notebook",
        "box": "Your EC2 instance",
        "box_state_running": "It is running.",
        "box_state_stopped": "It is stopped. What is on its disk is still there.",
        "box_state_pending": "It is starting. That takes some minutes; this page looks again by"
        " itself.",
        "box_state_stopping": "It is being stopped, which can take some minutes; this page looks"
        " again by itself.",
        "box_state_": "Its state is not known at this moment. Look again, or raise a hand.",
        "start_box": "Start the EC2 instance",
        "no_machine": "AWS has no machine of this kind free at this moment, so your EC2 instance"
        " was not started. Try again in some minutes, or raise a hand.",
        "box_lines": "How to connect",
        "box_needs": "Your machine needs both of these:",
        "box_who": "The lines use a profile of the AWS CLI. The organisers give you what belongs"
        " into ~/.aws/credentials, for an hour at a time, or a link that signs your browser in to"
        " AWS's console, at a shell on the instance, without any installation.",
        "box_to_notebook": "VS Code in the browser, without any installation: in a terminal of your"
        " notebook, which then says what to open:",
        "box_to_profile": "If you sign in to AWS yourself, add this to ~/.aws/config instead:",
        "box_to_jupyter": "JupyterLab: leave this running, and open http://localhost:18888/lab",
        "box_to_code": "VS Code in the browser: leave this running, and open"
        " http://localhost:18080/",
        "box_to_key": "VS Code (Remote - SSH), JetBrains Gateway and SSH: make a key pair once,",
        "box_to_ssh_config": "and write this into ~/.ssh/config (Linux, macOS):",
        "box_to_ssh_config_windows": "or this on Windows; then connect to the host of the first"
        " line:",
        "box_to_shell": "A shell without SSH:",
        "box_idle": "The EC2 instance stops by itself",
        "state_InService": "It is running.",
        "state_Stopped": "It is stopped. What you saved is still there.",
        "state_Failed": "It could not be started. Start it once more, or raise a hand.",
        "state_Pending": "It is starting. That usually takes 3 to 6 minutes; this page looks again"
        " by itself.",
        "state_Stopping": "It is being stopped. It can be started again in about a minute; this"
        " page looks again by itself.",
        "state_Updating": "It is being changed by the organisers; this page looks again by itself.",
        "state_Deleting": "It is being removed by the organisers.",
        "state_": "Its state is not known at this moment. Try to open it, or raise a hand.",
        "again": "Look again",
        "still": "Do not look again by itself",
        "open_lab": "Open JupyterLab",
        "open_tree": "Open the file browser",
        "start": "Start the notebook",
        "not_open": "The notebook does not run yet, so it could not be opened.",
        "closed": "This seat is closed at the moment, by the organisers or because its budget is"
        " used. Raise a hand if that is a mistake.",
        "busy": "AWS is busy. Wait a moment and try again.",
        "soon": "This seat was opened a moment ago. Wait five seconds and press the button again.",
        "time": "Time and money",
        "ends": "Ends",
        "ends_at": "{at}, in {left}",
        "used": "Used",
        "used_of": "{used} of {cap} USD",
        "minutes": "{minutes} min",
        "hours": "{hours} h {minutes} min",
        "days": "{days} days",
        "messages": "Messages",
        "hand": "Raise a hand",
        "hand_word": "What is it about? (at most 140 characters; helpers read it)",
        "hand_up": "Raise a hand",
        "hand_is_up": "Your hand is up since {at}.",
        "hand_taken": "Your hand was seen: somebody is on the way.",
        "hand_down": "Take the hand down",
        "yours": "What is yours",
        "bucket": "Bucket {key}",
        "datasets": "Datasets, to read",
        "repository": "Repository {key}",
        "role": "Role",
        "types_training": "Types for training",
        "types_processing": "Types for processing",
        "types_endpoint": "Types for endpoints",
        "max_hours": "Longest job",
        "idle": "Stops by itself",
        "idle_after": "after {minutes} idle minutes",
        "saved": "Saved work",
        "saved_link": "Download what was saved of your files",
        "saved_none": "Nothing is saved yet.",
        "saved_file": "Download {path}",
        "saved_more": "More files",
        "over": "The workshop is over. Your saved work can still be downloaded here.",
        "all_over": "The workshop is over, and this page is closed.",
        "back": "Back",
        "leave": "Leave this page on this device",
        "left": "You have left. Your notebook is as it was.",
        "claim": "Claim a free seat",
        "claim_why": "You get a seat of your own and its code. Seats are given in the order in"
        " which people ask.",
        "claim_go": "Claim a seat",
        "claim_closed": "Seats cannot be claimed at the moment. Ask the organisers to open it.",
        "claim_none": "No seat is free any more. Please ask the organisers.",
        "claim_wait": "Very many people ask at this moment. Wait a minute and press the button"
        " again.",
        "claim_most": "From your network, as many seats were claimed today as one network gets."
        " Please ask the organisers.",
        "claimed": "This seat is yours. Write down its code, with which you come back: {code}",
        "helper": "Helper {number}",
        "helper_caption": "All seats, raised hands first",
        "column_seat": "Seat",
        "column_state": "Notebook",
        "column_hand": "Hand",
        "take": "I go",
        "take_label": "I go to {seat}",
        "hand_seen_by": "seen by helper {number}",
        "check": "Check your network",
        "check_here": "You see this page: your network lets you reach the door.",
        "check_next": "JupyterLab is at another address. Open this one: any answer at all is good,"
        " even an error that says the notebook does not exist. No answer means that your network"
        " blocks it; ask its administrators for {domain}.",
        "check_link": "Try the address of notebooks",
        "privacy": "About your data",
        "privacy_text": "Stored about your seat until the workshop is removed: that it was opened"
        " or claimed, for a claim five letters that thousands of network addresses share, when the"
        " notebook was idle, what it costs, a raised hand and its words, and your saved files."
        " Organisers see all of it; helpers see your seat's id, the notebook's state and your hand"
        " with its words. No name and no e-mail address is stored here. The"
        " cookie of this page ends after 12 hours.",
        "not_found": "There is no such page.",
    },
    "de": {
        "language": "Deutsch",
        "skip": "Zum Inhalt springen",
        "sign_in": "Notebook öffnen",
        "code": "Der Code auf Ihrem Zettel",
        "code_hint": "13 Buchstaben und Ziffern; ob groß oder klein, mit oder ohne Striche.",
        "go": "Weiter",
        "wrong_code": "Diesen Code hat kein Platz. Prüfen Sie jedes Zeichen, oder fragen Sie nach.",
        "no_session": "Bitte geben Sie Ihren Code noch einmal ein: Die Seite war zu lange offen,"
        " oder Ihr Code wurde erneuert.",
        "foreign_form": "Dieses Formular kam nicht von dieser Seite. Bitte versuchen Sie es von"
        " hier aus noch einmal.",
        "seat": "Platz {seat}",
        "notebook": "Ihr Notebook",
        "box": "Ihre EC2-Instanz",
        "box_state_running": "Sie läuft.",
        "box_state_stopped": "Sie ist angehalten. Was auf ihrer Platte ist, ist noch da.",
        "box_state_pending": "Sie startet. Das dauert einige Minuten; diese Seite sieht von selbst"
        " wieder nach.",
        "box_state_stopping": "Sie wird angehalten, was einige Minuten dauern kann; diese Seite"
        " sieht von selbst wieder nach.",
        "box_state_": "Ihr Zustand ist gerade nicht bekannt. Sehen Sie noch einmal nach, oder"
        " melden Sie sich.",
        "start_box": "EC2-Instanz starten",
        "no_machine": "AWS hat gerade keine solche Maschine frei, deshalb wurde Ihre EC2-Instanz"
        " nicht gestartet. Versuchen Sie es in einigen Minuten wieder, oder melden Sie sich.",
        "box_lines": "So verbinden Sie sich",
        "box_needs": "Ihr Rechner braucht dies beides:",
        "box_who": "Die Zeilen nehmen ein Profil der AWS CLI. Was in ~/.aws/credentials gehört,"
        " gibt Ihnen die Leitung, für je eine Stunde, oder einen Link, der Ihren Browser an der"
        " AWS-Konsole anmeldet, bei einer Shell auf der Instanz, ohne jede Installation.",
        "box_to_notebook": "VS Code im Browser, ohne jede Installation: in einem Terminal Ihres"
        " Notebooks, das dann sagt, was Sie öffnen:",
        "box_to_profile": "Melden Sie sich selbst bei AWS an, dann schreiben Sie stattdessen dies"
        " in ~/.aws/config:",
        "box_to_jupyter": "JupyterLab: Lassen Sie dies laufen, und öffnen Sie"
        " http://localhost:18888/lab",
        "box_to_code": "VS Code im Browser: Lassen Sie dies laufen, und öffnen Sie"
        " http://localhost:18080/",
        "box_to_key": "VS Code (Remote - SSH), JetBrains Gateway und SSH: Machen Sie einmal ein"
        " Schlüsselpaar,",
        "box_to_ssh_config": "und schreiben Sie dies in ~/.ssh/config (Linux, macOS):",
        "box_to_ssh_config_windows": "oder dies unter Windows; dann verbinden Sie sich mit dem Host"
        " der ersten Zeile:",
        "box_to_shell": "Eine Shell ohne SSH:",
        "box_idle": "Die EC2-Instanz hält von selbst an",
        "state_InService": "Es läuft.",
        "state_Stopped": "Es ist angehalten. Was Sie gespeichert haben, ist noch da.",
        "state_Failed": "Es ließ sich nicht starten. Starten Sie es noch einmal, oder melden Sie"
        " sich.",
        "state_Pending": "Es startet. Das dauert meist 3 bis 6 Minuten; diese Seite sieht von"
        " selbst wieder nach.",
        "state_Stopping": "Es wird angehalten. In etwa einer Minute lässt es sich wieder starten;"
        " diese Seite sieht von selbst wieder nach.",
        "state_Updating": "Es wird gerade geändert; diese Seite sieht von selbst wieder nach.",
        "state_Deleting": "Es wird gerade entfernt.",
        "state_": "Sein Zustand ist gerade nicht bekannt. Versuchen Sie, es zu öffnen, oder melden"
        " Sie sich.",
        "again": "Noch einmal nachsehen",
        "still": "Nicht von selbst nachsehen",
        "open_lab": "JupyterLab öffnen",
        "open_tree": "Dateiansicht öffnen",
        "start": "Notebook starten",
        "not_open": "Das Notebook läuft noch nicht und ließ sich deshalb nicht öffnen.",
        "closed": "Dieser Platz ist gerade geschlossen, von der Leitung oder weil sein Budget"
        " aufgebraucht ist. Melden Sie sich, wenn das ein Irrtum ist.",
        "busy": "AWS ist gerade überlastet. Warten Sie kurz, und versuchen Sie es noch einmal.",
        "soon": "Dieser Platz wurde eben erst geöffnet. Warten Sie fünf Sekunden, und drücken Sie"
        " noch einmal.",
        "time": "Zeit und Geld",
        "ends": "Ende",
        "ends_at": "{at}, in {left}",
        "used": "Verbraucht",
        "used_of": "{used} von {cap} USD",
        "minutes": "{minutes} min",
        "hours": "{hours} h {minutes} min",
        "days": "{days} Tagen",
        "messages": "Nachrichten",
        "hand": "Melden",
        "hand_word": "Worum geht es? (höchstens 140 Zeichen; die Helfenden lesen es)",
        "hand_up": "Melden",
        "hand_is_up": "Sie melden sich seit {at}.",
        "hand_taken": "Ihre Meldung wurde gesehen: Jemand ist unterwegs.",
        "hand_down": "Nicht mehr melden",
        "yours": "Was Ihnen gehört",
        "bucket": "Bucket {key}",
        "datasets": "Datensätze, zum Lesen",
        "repository": "Repository {key}",
        "role": "Rolle",
        "types_training": "Typen für Training",
        "types_processing": "Typen für Processing",
        "types_endpoint": "Typen für Endpunkte",
        "max_hours": "Längster Job",
        "idle": "Hält von selbst an",
        "idle_after": "nach {minutes} Minuten Leerlauf",
        "saved": "Gesicherte Arbeit",
        "saved_link": "Gesicherte Dateien herunterladen",
        "saved_none": "Noch ist nichts gesichert.",
        "saved_file": "{path} herunterladen",
        "saved_more": "Weitere Dateien",
        "over": "Der Workshop ist vorbei. Ihre gesicherte Arbeit gibt es hier noch.",
        "all_over": "Der Workshop ist vorbei, und diese Seite ist geschlossen.",
        "back": "Zurück",
        "leave": "Auf diesem Gerät abmelden",
        "left": "Sie sind abgemeldet. Ihr Notebook ist, wie es war.",
        "claim": "Einen freien Platz nehmen",
        "claim_why": "Sie bekommen einen eigenen Platz und dessen Code. Plätze werden in der"
        " Reihenfolge der Anfragen vergeben.",
        "claim_go": "Platz nehmen",
        "claim_closed": "Gerade werden keine Plätze vergeben. Bitten Sie die Leitung darum.",
        "claim_none": "Es ist kein Platz mehr frei. Bitte fragen Sie die Leitung.",
        "claim_wait": "Gerade fragen sehr viele. Warten Sie eine Minute, und drücken Sie noch"
        " einmal.",
        "claim_most": "Aus Ihrem Netz wurden heute so viele Plätze genommen, wie ein Netz bekommt."
        " Bitte fragen Sie die Leitung.",
        "claimed": "Dieser Platz gehört Ihnen. Schreiben Sie seinen Code auf, mit dem Sie"
        " wiederkommen: {code}",
        "helper": "Hilfe {number}",
        "helper_caption": "Alle Plätze, Meldungen zuerst",
        "column_seat": "Platz",
        "column_state": "Notebook",
        "column_hand": "Meldung",
        "take": "Ich gehe hin",
        "take_label": "Ich gehe hin, zu {seat}",
        "hand_seen_by": "gesehen von Hilfe {number}",
        "check": "Netz prüfen",
        "check_here": "Sie sehen diese Seite: Ihr Netz lässt Sie zu ihr durch.",
        "check_next": "JupyterLab hat eine andere Adresse. Öffnen Sie diese: Jede Antwort ist gut,"
        " auch ein Fehler, dass es das Notebook nicht gibt. Keine Antwort heißt, dass Ihr Netz sie"
        " sperrt; bitten Sie dessen Verwaltung um {domain}.",
        "check_link": "Adresse der Notebooks versuchen",
        "privacy": "Über Ihre Daten",
        "privacy_text": "Zu Ihrem Platz wird gespeichert, bis der Workshop entfernt wird: dass er"
        " geöffnet oder übernommen wurde, dabei fünf Zeichen, die sich Tausende Netzadressen"
        " teilen, wann das Notebook nichts tat, was es kostet, eine Meldung mit ihren Worten und"
        " Ihre gesicherten Dateien. Die Leitung sieht alles; Helfende sehen"
        " die Kennung des Platzes, den Zustand des Notebooks und Ihre Meldung mit ihren Worten."
        " Kein Name und keine E-Mail-Adresse wird hier gespeichert. Das Cookie dieser Seite endet"
        " nach 12 Stunden.",
        "not_found": "Diese Seite gibt es nicht.",
    },
}
