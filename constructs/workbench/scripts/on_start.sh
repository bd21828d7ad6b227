#!/bin/bash
# Runs as root each time the notebook starts, the first time included. It holds this seat's values;
# what is done with them is the same for everybody (set_up.sh) and comes from parameters of the
# cohort's stack. A notebook that cannot read them starts all the same, and says so.
umask 022
cd /
etc="$WORKSHOP_ROOT/etc"
opt="$WORKSHOP_ROOT/opt/workshop"
home="$WORKSHOP_ROOT/home/ec2-user/SageMaker"
mkdir -p "$etc/profile.d" "$opt"
# Terminals are login shells and read profile.d.
cat >"$etc/profile.d/workshop.sh" <<'WORKSHOP'
@ENVIRONMENT@
WORKSHOP
content=@CONTENT@
packages=@PACKAGES@
idle_minutes=@IDLE_MINUTES@
busy_hours=@BUSY_HOURS@
keep_hours=@KEEP_HOURS@
# As the notebook's user, who has the same role: "aws" may come from a folder of theirs.
as_user() { sudo -H -u ec2-user "$@"; }
parameters() {
  as_user env "PATH=$PATH:/usr/local/bin:/home/ec2-user/anaconda3/bin" timeout 45 \
    aws ssm get-parameters-by-path --region @REGION@ --path @PATH@ --output json \
    --cli-connect-timeout 10 --cli-read-timeout 20
}
# While the cohort's stack is updated there may be parts of two scripts.
unpack='import base64, hashlib, json, lzma, sys
scripts = {}
for parameter in json.load(sys.stdin)["Parameters"]:
  digest, number, total, text = parameter["Value"].split(" ")
  scripts.setdefault((digest, int(total)), {})[int(number)] = text
for (digest, total), parts in scripts.items():
  if len(parts) == total:
    script = lzma.decompress(base64.a85decode("".join(parts[at] for at in sorted(parts))))
    if hashlib.sha256(script).hexdigest().startswith(digest):
      sys.stdout.buffer.write(script)
      sys.exit()
sys.exit("parts of it are missing")'
for pause in 5 15 0; do
  if answer="$(parameters 2>"$opt/why")" &&
    python3 -c "$unpack" <<<"$answer" >"$opt/set_up.sh" 2>>"$opt/why"; then
    # shellcheck source=/dev/null
    . "$opt/set_up.sh"
    exit 0
  fi
  sleep "$pause"
done
echo "workshop: the set-up could not be read from @PATH@: $(tail -n 2 "$opt/why")" >&2
as_user tee "$home/WORKSHOP-START.txt" >/dev/null <<WORKSHOP
This notebook started without its set-up: nothing is saved, and it does not stop by itself.
Stop it and start it again; if this file is still here then, show it to the organiser:
  the parameters @PATH@ could not be read: $(tail -n 2 "$opt/why")
WORKSHOP
exit 0
