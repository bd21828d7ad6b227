#!/bin/bash
# The EC2 instance's user data: cloud-init runs it as root at the first boot, and a unit of systemd
# at each later one, read anew. It makes the machine like a notebook (the same user, the same
# folders, the same description of itself) and goes on as the notebook does, with this seat's values.
umask 022
cd /
etc="$WORKSHOP_ROOT/etc"
opt="$WORKSHOP_ROOT/opt/workshop"
home="$WORKSHOP_ROOT/home/ec2-user"
mkdir -p "$etc/sudoers.d" "$etc/systemd/system" "$etc/profile.d" "$opt" "$WORKSHOP_ROOT/opt/ml/metadata"
# One user on every image. Whoever has a session of Systems Manager is root in it, so that nothing
# is gained by keeping root from this one.
id ec2-user >/dev/null 2>&1 || useradd --create-home --shell /bin/bash ec2-user
getent group docker >/dev/null && usermod --append --groups docker ec2-user
echo 'ec2-user ALL=(ALL) NOPASSWD:ALL' >"$etc/sudoers.d/90-workshop"
chmod 440 "$etc/sudoers.d/90-workshop"
sudo -H -u ec2-user mkdir -p "$home/SageMaker"
metadata() {
  local token
  token="$(curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
    http://169.254.169.254/latest/api/token)" &&
    curl -sf -m 5 -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/$1"
}
# As the notebook has it, for the agent and the idle stop.
id="$(metadata meta-data/instance-id)"
printf '{"ResourceArn": "arn:%s:ec2:%s:%s:instance/%s", "ResourceName": "%s"}\n' \
  @PARTITION@ @REGION@ @ACCOUNT@ "$id" "$id" \
  >"$WORKSHOP_ROOT/opt/ml/metadata/resource-metadata.json"
# At each boot but the first the user data runs as it is by then.
{
  declare -f metadata
  cat <<'WORKSHOP'
cd /opt/workshop || exit 1
metadata user-data >user-data.new && mv user-data.new user-data
exec /bin/bash /opt/workshop/user-data
WORKSHOP
} >"$opt/boot.sh"
cat >"$etc/systemd/system/workshop-boot.service" <<'WORKSHOP'
[Unit]
Description=Set this machine up for its seat at each boot but the first
Wants=network-online.target
After=network-online.target cloud-final.service
ConditionPathExists=/opt/workshop/user-data
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash /opt/workshop/boot.sh
[Install]
WantedBy=multi-user.target
WORKSHOP
if [ ! -e "$opt/user-data" ]; then
  cp -- "$0" "$opt/user-data"
  systemctl daemon-reload
  systemctl enable workshop-boot.service
  cat >"$opt/on_create.sh" <<'CONTENT'
@ON_CREATE@
CONTENT
  systemd-run --no-block --unit=workshop-content /bin/bash "$opt/on_create.sh"
fi
{
  echo 'export AWS_DEFAULT_REGION=@REGION@'
  [ -z "@SAVED@" ] || echo 'export WORKSHOP_SAVED=@SAVED@'
} >"$etc/profile.d/workshop-box.sh"
# What set_up.sh adds to is written anew, since this disk stays.
rm -f "$etc/ipython/ipython_config.py"
export box=yes saved=@SAVED@
