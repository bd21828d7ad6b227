"""The AWS CLI of a rehearsal, whose calls are noted: ``python -I aws_command.py PACKAGES ...``."""

import site
import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    site.addsitedir(sys.argv.pop(1))
    sys.path.append(str(Path(__file__).parent))
    import_module("workshop_rehearsal")  # notes what botocore is answered
    sys.argv[0] = "aws"
    sys.exit(import_module("awscli.clidriver").main())
