#!/bin/bash
# Runs as root each time the notebook starts, the first time included. It holds this seat's values;
# what is done with them is the same for everybody, and packed (set_up.sh).
umask 022
cd /
etc="$WORKSHOP_ROOT/etc"
opt="$WORKSHOP_ROOT/opt/workshop"
mkdir -p "$etc/profile.d" "$opt"
# Terminals are login shells and read profile.d.
cat >"$etc/profile.d/workshop.sh" <<'WORKSHOP'
@ENVIRONMENT@
WORKSHOP
packages=@PACKAGES@
idle_minutes=@IDLE_MINUTES@
busy_hours=@BUSY_HOURS@
keep_hours=@KEEP_HOURS@
unpack='import base64, lzma, sys
sys.stdout.buffer.write(lzma.decompress(base64.a85decode(sys.stdin.read())))'
python3 -c "$unpack" >"$opt/set_up.sh" <<'WORKSHOP'
@SET_UP@
WORKSHOP
. "$opt/set_up.sh"
exit 0
