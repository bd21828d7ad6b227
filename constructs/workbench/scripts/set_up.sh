# Sets a notebook up at each start, with what on_start.sh gives: $etc, $opt, $home, $content,
# $packages, $idle_minutes, $busy_hours, $keep_hours and as_user; or an EC2 instance, with $box. Of a
# notebook only /home/ec2-user/SageMaker outlives a stop, so everything else is written anew here. A step that fails is named in the log and in a note; it
# never keeps the notebook from starting.
failures=""
trap 'failures="$failures
  $BASH_COMMAND"; echo "workshop: failed: $BASH_COMMAND" >&2' ERR
# Everything below the home folder is written as its owner, so that a link laid there cannot
# lead root to another file.

mkdir -p "$etc/xdg/sagemaker" "$etc/ipython" "$etc/systemd/system" "$opt/python" \
  "$opt/lib/workshop/agent"
# shellcheck source=/dev/null
. "$etc/profile.d/workshop.sh"
# What Python adds to its calls. An interpreter reads the *.pth files of its environment when it
# starts; IPython's configuration is for kernels of environments that have no such file.
cat >"$opt/python/workshop_seat.py" <<'WORKSHOP'
@workshop_seat.py@
WORKSHOP
cat >"$opt/python/workshop_names.py" <<'WORKSHOP'
@workshop_names.py@
WORKSHOP
cat >"$opt/python/workshop_reasons.py" <<'WORKSHOP'
@workshop_reasons.py@
WORKSHOP
cat >"$opt/python/workshop_messages.py" <<'WORKSHOP'
@workshop_messages.py@
WORKSHOP
for site in "$WORKSHOP_ROOT"/home/ec2-user/anaconda3/{lib,envs/*/lib}/python3*/site-packages; do
  if [ -d "$site" ]; then
    printf '%s\n' "$opt/python" "import workshop_seat" | as_user tee "$site/workshop.pth" >/dev/null
  fi
done
# The system's own, if the AWS CLI is of it.
for cli in "$WORKSHOP_ROOT"/usr/lib/python3*/site-packages/awscli; do
  if [ -d "$cli" ]; then
    printf '%s\n' "$opt/python" "import workshop_seat" >"${cli%/*}/workshop.pth"
  fi
done
cat >>"$etc/ipython/ipython_config.py" <<WORKSHOP
import sys
sys.path.append("$opt/python")
import workshop_seat
workshop_seat.environment()
try:
    get_config().InteractiveShellApp.extensions.append("workshop_messages")
except NameError:
    pass
WORKSHOP
# The defaults of the SageMaker Python SDK. It refuses the whole file for one unknown key, so these
# are the keys that config_schema.py of all releases from 2.173 to 3 has in common, without those
# for what the boundary denies; workshop_seat.py lets older ones pass over what they do not know.
# ModelTrainer.baseJobName would name release 3's training jobs, but
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

# The agent saves the attendee's files, shows messages and reports: twice a minute, and once more
# when the notebook stops, however it is stopped.
: >"$opt/lib/workshop/__init__.py"
: >"$opt/lib/workshop/agent/__init__.py"
cat >"$opt/lib/workshop/agent/files.py" <<'WORKSHOP'
@agent/files.py@
WORKSHOP
cat >"$opt/lib/workshop/agent/saving.py" <<'WORKSHOP'
@agent/saving.py@
WORKSHOP
cat >"$opt/lib/workshop/agent/inbox.py" <<'WORKSHOP'
@agent/inbox.py@
WORKSHOP
cat >"$opt/lib/workshop/agent/state.py" <<'WORKSHOP'
@agent/state.py@
WORKSHOP
cat >"$opt/lib/workshop/agent/content.py" <<'WORKSHOP'
@agent/content.py@
WORKSHOP
cat >"$opt/lib/workshop/agent/tokens.py" <<'WORKSHOP'
@agent/tokens.py@
WORKSHOP
cat >"$opt/lib/workshop/agent/rehearsing.py" <<'WORKSHOP'
@agent/rehearsing.py@
WORKSHOP
cat >"$opt/lib/workshop/agent/run.py" <<'WORKSHOP'
@agent/run.py@
WORKSHOP
cat >"$opt/agent.sh" <<'WORKSHOP'
@agent.sh@
WORKSHOP
cat >"$opt/agent.values" <<WORKSHOP
export WORKSHOP_CONTENT='$content' WORKSHOP_PACKAGES='${packages:+yes}'
WORKSHOP
agent="/bin/bash /opt/workshop/agent.sh"
cat >"$etc/systemd/system/workshop-agent.service" <<WORKSHOP
[Unit]
Description=Save the attendee's files, show messages, report
[Service]
Type=oneshot
User=ec2-user
RuntimeDirectory=workshop-agent
RuntimeDirectoryPreserve=yes
# A rehearsal that a round has begun goes on after it.
KillMode=process
ExecStart=$agent
StandardOutput=append:/var/log/workshop-agent.log
StandardError=inherit
TimeoutStartSec=600
WORKSHOP
cat >"$etc/systemd/system/workshop-agent.timer" <<'WORKSHOP'
[Unit]
Description=Run the agent half a minute after it ended
[Timer]
OnActiveSec=1
OnUnitInactiveSec=30
AccuracySec=5
[Install]
WantedBy=timers.target
WORKSHOP
cat >"$etc/systemd/system/workshop-last-save.service" <<WORKSHOP
[Unit]
Description=Save the attendee's files when this notebook stops
Wants=network-online.target
After=network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
User=ec2-user
RuntimeDirectory=workshop-agent
RuntimeDirectoryPreserve=yes
ExecStart=/bin/true
ExecStop=$agent --save --wait 30
TimeoutStopSec=120
[Install]
WantedBy=multi-user.target
WORKSHOP
cat >"$etc/profile.d/workshop-message.sh" <<'WORKSHOP'
case $- in *i*) cat /run/workshop-agent/newest.txt 2>/dev/null ;; esac
WORKSHOP
cat >"$etc/profile.d/workshop-tokens.sh" <<'WORKSHOP'
if [ -r /run/workshop-agent/tokens.sh ]; then . /run/workshop-agent/tokens.sh; fi
WORKSHOP

# What attendees find in their files.
machine=notebook outlives="outlives a stop"
if [ -n "$box" ]; then
  machine=instance outlives="is saved; the rest of the disk is lost with the instance"
fi
{
  printf '%s\n' \
    '# Your workbench' \
    "Written anew at each start. Only what lies in this folder $outlives." \
    '' \
    'The SageMaker Python SDK uses the role and bucket below. Python gives the tags to all' \
    'that it makes, and puts WORKSHOP_JOB_PREFIX before the names of jobs, models, endpoints,' \
    'pipelines, experiments and groups: a lab runs as it is written, and the same name finds' \
    'the same thing again. Elsewhere the names begin so: in the console, in paths below which' \
    'jobs write, in ARNs. The AWS CLI does the same where Python runs it (pip install awscli);' \
    'one that brings its own Python has to be told both, and so have Docker and other programs.' \
    '' \
    'Where AWS denies a call of Python, the error ends with the rule of this workshop.'
  offer() { [ -z "$2" ] || printf '%s\n' "- $1: ${2//,/, }"; }
  printf '%s\n' '' 'What is open to you:' ''
  offer 'machines for training' "$WORKSHOP_TRAINING_INSTANCE_TYPES"
  offer 'machines for processing and batch transform' "$WORKSHOP_PROCESSING_INSTANCE_TYPES"
  offer 'machines for endpoints' "$WORKSHOP_ENDPOINT_INSTANCE_TYPES"
  offer 'the longest job, in hours' "$WORKSHOP_MAX_RUNTIME_HOURS"
  offer 'warm pools, in minutes' "${WORKSHOP_WARM_POOL_MINUTES/#0/none}"
  offer 'besides, by the keys of the YAML' "$WORKSHOP_OPENED"
  offer 'buckets to write to' "$WORKSHOP_BUCKET"
  offer 'buckets of sample data, to read' "$WORKSHOP_PUBLIC_BUCKETS"
  if [ -n "$packages" ]; then
    printf '%s\n' '' 'Packages arrive in the background: see workshop-packages.log.'
  fi
  if [ -n "$idle_minutes" ]; then
    printf '%s\n' '' \
      "The $machine stops after $idle_minutes minutes without a busy kernel, a used" \
      'terminal, a session or a working process: see /var/log/workshop-idle-stop.log.'
    if [ "$busy_hours" != 0 ]; then
      echo "It also stops after $busy_hours hours of use without a pause."
    fi
    if [ "$keep_hours" != 0 ]; then
      printf '%s\n' '' \
        'A script that only waits counts as idle. To keep it running for 6 hours (at most' \
        "$keep_hours), or until a time (UTC) such as 2027-03-15T18:00, write that into a file:" '' \
        '    echo 6 > ~/SageMaker/KEEP-RUNNING'
    fi
  fi
  printf '%s\n' '' \
    "Your files are saved every few minutes to ${saved:-saved/}files/ in your bucket: all but links, caches," \
    'environments, what the organiser leaves out and files that are too large (200 MB, if nobody says' \
    "otherwise). A new $machine gets them back by itself." \
    '' 'In notebooks and terminals:'
  sed 's/^export /    /' "$etc/profile.d/workshop.sh"
} | as_user tee "$home/WORKSHOP.md" >/dev/null

# The kernels' environments are new at each start, and so are the packages in them. They arrive
# in the background, in a unit of their own that outlives this script.
if [ -n "$packages" ]; then
  as_user tee "$home/workshop-packages.log" </dev/null
  {
    printf '#!/bin/bash\npackages=(%s)\n' "$packages"
    cat <<'WORKSHOP'
@install_packages.sh@
WORKSHOP
  } >"$opt/install_packages.sh"
  # An instance makes its environments first.
  [ -n "$box" ] ||
    systemd-run --no-block --unit=workshop-packages --uid=ec2-user --setenv=HOME=/home/ec2-user \
      /bin/bash "$opt/install_packages.sh"
fi
if [ -z "$box" ]; then
  mkdir -p "$WORKSHOP_ROOT/usr/local/bin"
  cat >"$WORKSHOP_ROOT/usr/local/bin/workshop-box" <<'WORKSHOP'
@workshop_box.sh@
WORKSHOP
  chmod 755 "$WORKSHOP_ROOT/usr/local/bin/workshop-box"
else
  cat >"$opt/box.sh" <<'WORKSHOP'
@box.sh@
WORKSHOP
  server() {
    cat >"$etc/systemd/system/$1.service" <<WORKSHOP
[Unit]
Description=$2 on the loopback interface
[Service]
User=ec2-user
WorkingDirectory=/home/ec2-user/SageMaker
ExecStart=/bin/bash -lc 'exec $3'
Restart=on-failure
RestartSec=30
[Install]
WantedBy=multi-user.target
WORKSHOP
  }
  server jupyter-server JupyterLab "/home/ec2-user/anaconda3/envs/JupyterSystemEnv/bin/jupyter-lab --no-browser \
--ServerApp.ip=127.0.0.1 --ServerApp.port=8888 --ServerApp.port_retries=0 --IdentityProvider.token="
  server code-server code-server "/home/ec2-user/.local/lib/code-server/bin/code-server --auth none \
--bind-addr 127.0.0.1:8080 --disable-telemetry --disable-update-check \
--disable-workspace-trust --disable-getting-started-override ."
fi

# systemd instead of cron, which Amazon Linux 2023 does not have.
if [ -n "$idle_minutes" ]; then
  cat >"$opt/idle_stop.py" <<'WORKSHOP'
@idle_stop.py@
WORKSHOP
  cat >"$etc/systemd/system/workshop-idle-stop.service" <<WORKSHOP
[Unit]
Description=Stop this $machine after $idle_minutes minutes without use
[Service]
Type=oneshot
User=ec2-user
Environment=PATH=/usr/local/bin:/usr/bin:/bin:/home/ec2-user/anaconda3/bin
ExecStart=/usr/bin/env python3 /opt/workshop/idle_stop.py --minutes $idle_minutes --busy-hours $busy_hours --keep-hours $keep_hours${box:+ --box --url http://127.0.0.1:8888} --first "$agent --save --wait 30"
StandardOutput=append:/var/log/workshop-idle-stop.log
StandardError=inherit
TimeoutStartSec=480
WORKSHOP
  cat >"$etc/systemd/system/workshop-idle-stop.timer" <<'WORKSHOP'
[Unit]
Description=Look every five minutes whether this notebook is in use
[Timer]
OnCalendar=*:0/5
RandomizedDelaySec=60
[Install]
WantedBy=timers.target
WORKSHOP
fi
systemctl daemon-reload
systemctl enable --now workshop-agent.timer workshop-last-save.service
if [ -n "$idle_minutes" ]; then
  systemctl enable --now workshop-idle-stop.timer
fi

if [ -n "$box" ]; then
  systemctl enable jupyter-server.service code-server.service
  systemd-run --no-block --unit=workshop-box --uid=ec2-user --setenv=HOME=/home/ec2-user \
    /bin/bash "$opt/box.sh"
fi
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
