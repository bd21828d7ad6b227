#!/bin/bash
# Runs as root each time the notebook starts, the first time included. Only
# /home/ec2-user/SageMaker outlives a stop, so everything else is written anew here.
# A step that fails is named in the log and in a note; it never keeps the notebook from starting.
umask 022
cd /
etc="$WORKSHOP_ROOT/etc"
opt="$WORKSHOP_ROOT/opt/workshop"
home="$WORKSHOP_ROOT/home/ec2-user/SageMaker"
failures=""
trap 'failures="$failures
  $BASH_COMMAND"; echo "workshop: failed: $BASH_COMMAND" >&2' ERR
# Everything below the home folder is written as its owner, so that a link laid there cannot
# lead root to another file.
as_user() { sudo -H -u ec2-user "$@"; }

# Terminals are login shells and read profile.d.
mkdir -p "$etc/xdg/sagemaker" "$etc/profile.d" "$etc/ipython" "$etc/systemd/system" "$opt/python"
cat >"$etc/profile.d/workshop.sh" <<'WORKSHOP'
@ENVIRONMENT@
WORKSHOP
# shellcheck source=/dev/null
. "$etc/profile.d/workshop.sh"
# What Python adds to its calls. An interpreter reads the *.pth files of its environment when it
# starts; IPython's configuration is for kernels of environments that have no such file.
base64 -d <<'WORKSHOP' | gunzip >"$opt/python/workshop_seat.py"
@SEAT@
WORKSHOP
for site in "$WORKSHOP_ROOT"/home/ec2-user/anaconda3/{lib,envs/*/lib}/python3*/site-packages; do
  if [ -d "$site" ]; then
    printf '%s\n' "$opt/python" "import workshop_seat" | as_user tee "$site/workshop.pth" >/dev/null
  fi
done
cat >>"$etc/ipython/ipython_config.py" <<WORKSHOP
import sys
sys.path.append("$opt/python")
import workshop_seat
workshop_seat.environment()
WORKSHOP
# The defaults of the SageMaker Python SDK. It refuses the whole file for one unknown key, so these
# are the keys that config_schema.py of all releases from 2.173 to 3 has in common, without those
# for what the boundary denies. ModelTrainer.baseJobName would name release 3's training jobs, but
# releases before 2.236 do not know it.
cat >"$etc/xdg/sagemaker/config.yaml" <<WORKSHOP
SchemaVersion: "1.0"
SageMaker:
  PythonSDK:
    Modules:
      Session: {DefaultS3Bucket: "$WORKSHOP_BUCKET"}
      RemoteFunction: {RoleArn: &role "$WORKSHOP_ROLE_ARN", Tags: &tags $WORKSHOP_TAGS}
  Endpoint: {Tags: *tags}
  EndpointConfig: {Tags: *tags}
  FeatureGroup: {RoleArn: *role, Tags: *tags}
  Model: {ExecutionRoleArn: *role, Tags: *tags}
  Pipeline: {RoleArn: *role, Tags: *tags}
  ProcessingJob: {RoleArn: *role, Tags: *tags}
  TrainingJob: {RoleArn: *role, Tags: *tags}
  TransformJob: {Tags: *tags}
WORKSHOP
{
  cat <<'WORKSHOP'
@GUIDE@
WORKSHOP
  sed 's/^export /    /' "$etc/profile.d/workshop.sh"
} | as_user tee "$home/WORKSHOP.md" >/dev/null
@PACKAGES@
@IDLE_STOP@
# Other kernels take their environment from the server. Nobody can be using it yet.
systemctl --no-block try-restart jupyter-server.service ||
  echo "workshop: no jupyter-server.service; only terminals and Python kernels get WORKSHOP_*"
as_user rm -f "$home/WORKSHOP-START.txt"
if [ -n "$failures" ]; then
  as_user tee "$home/WORKSHOP-START.txt" >/dev/null <<WORKSHOP
Parts of this notebook's set-up failed when it started; show this to the organiser:
$failures
WORKSHOP
fi
exit 0
