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
mkdir -p "$etc/xdg/sagemaker" "$etc/profile.d" "$etc/ipython" "$etc/systemd/system" "$opt"
cat >"$etc/profile.d/workshop.sh" <<'WORKSHOP'
@ENVIRONMENT@
WORKSHOP
# shellcheck source=/dev/null
. "$etc/profile.d/workshop.sh"
# Python kernels of every environment read this when they start.
cat >>"$etc/ipython/ipython_config.py" <<'WORKSHOP'
import os, shlex
for line in open("/etc/profile.d/workshop.sh"):
    name, _, value = shlex.split(line)[1].partition("=")
    os.environ[name] = value
try:
    from botocore import handlers
except ImportError:
    handlers = None
# Release 3 of the SageMaker Python SDK takes no tags for training from its configuration, and
# boto3 none at all: what a kernel makes gets the seat's tags unless it names its own.
def workshop_tags(params, model, **_):
    import json
    versioned = "ModelPackageGroupName" in params and model.name == "CreateModelPackage"
    if model.name.startswith("Create") and "Tags" in model.input_shape.members and not versioned:
        given = params.get("Tags") or []
        known = [tag["Key"] for tag in given]
        mine = json.loads(os.environ["WORKSHOP_TAGS"])
        params["Tags"] = given + [tag for tag in mine if tag["Key"] not in known]
if handlers:
    handlers.BUILTIN_HANDLERS.append(("before-parameter-build.sagemaker", workshop_tags))
WORKSHOP
# The defaults of the SageMaker Python SDK. It refuses the whole file for one unknown key, so these
# are the keys that config_schema.py of all releases from 2.173 to 3 has in common. Tuning jobs
# take their tags from the estimator; for model package groups the SDK has no defaults.
cat >"$etc/xdg/sagemaker/config.yaml" <<WORKSHOP
SchemaVersion: "1.0"
SageMaker:
  PythonSDK:
    Modules:
      Session: {DefaultS3Bucket: "$WORKSHOP_BUCKET"}
      RemoteFunction: {RoleArn: &role "$WORKSHOP_ROLE_ARN", Tags: &tags $WORKSHOP_TAGS}
  AutoMLJob: {RoleArn: *role, Tags: *tags}
  CompilationJob: {RoleArn: *role, Tags: *tags}
  EdgePackagingJob: {RoleArn: *role, Tags: *tags}
  Endpoint: {Tags: *tags}
  EndpointConfig: {Tags: *tags}
  FeatureGroup: {RoleArn: *role, Tags: *tags}
  Model: {ExecutionRoleArn: *role, Tags: *tags}
  MonitoringSchedule: {Tags: *tags}
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
