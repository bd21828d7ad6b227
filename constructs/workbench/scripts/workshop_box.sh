#!/bin/bash
# Opens VS Code of the seat's EC2 instance through its notebook, for whoever has a browser alone. A
# session of Systems Manager brings the port of code-server to the notebook, whose Jupyter server
# passes pages and web sockets on: jupyter-server-proxy, which is in SageMaker's own environment of
# Jupyter. JupyterLab of the instance does not go this way: it has to know below which path it is,
# and answers to names of its own machine alone, which keeps pages of others away from it.
set -o pipefail
port="${1:-18080}" own="$HOME/.local/lib/session-manager"
PATH="$PATH:/usr/local/bin:$HOME/anaconda3/bin:$own/usr/local/sessionmanagerplugin/bin"
fail() {
  echo "workshop-box: $*" >&2
  exit 1
}
# shellcheck source=/dev/null
. "$WORKSHOP_ROOT/etc/profile.d/workshop.sh"
metadata="$WORKSHOP_ROOT/opt/ml/metadata/resource-metadata.json"
IFS=: read -r _ _ _ region _ < <(grep -o 'arn:[^"]*' "$metadata")
jupyter="$HOME/anaconda3/envs/JupyterSystemEnv/bin"
if ! "$jupyter/python" -c 'import jupyter_server_proxy'; then
  "$jupyter/python" -m pip install jupyter-server-proxy==4.6.0 ||
    fail "jupyter-server-proxy could not be installed; see above"
  fail "jupyter-server-proxy is installed now; have Jupyter read it with:" \
    "sudo systemctl restart jupyter-server; then run this again"
fi
# What CloudFormation has tagged as of the seat's own stack is its instance, and nothing else is; of
# a seat with an account of its own, a stack set made that stack.
box="${WORKSHOP_JOB_PREFIX}box"
found="$(aws ec2 describe-instances --region "$region" --output text \
  --query 'Reservations[].Instances[].[InstanceId,State.Name]' --filters \
  "Name=tag:aws:cloudformation:stack-name,Values=$box,StackSet-$box-*" \
  'Name=instance-state-name,Values=pending,running,stopping,stopped')" ||
  fail "AWS did not say which EC2 instance is yours; see above, and run this again"
read -r id state <<<"$found"
case "$state" in
running) ;;
'') fail "there is no EC2 instance of this seat" ;;
stopped)
  fail "your EC2 instance is stopped; start it with:" \
    "aws ec2 start-instances --region $region --instance-ids $id"
  ;;
*) fail "your EC2 instance is $state; run this again in a minute" ;;
esac
if ! command -v session-manager-plugin >/dev/null; then
  case "$(uname -m)" in aarch64) bits=arm64 ;; *) bits=64bit ;; esac
  latest="https://s3.amazonaws.com/session-manager-downloads/plugin/latest/linux_$bits"
  { mkdir -p "$own" && cd "$own" && curl -sSf -m 300 "$latest/session-manager-plugin.rpm" |
    rpm2cpio | cpio -idmu --quiet './usr/local/sessionmanagerplugin/bin/*'; } ||
    fail "the Session Manager plug-in could not be fetched; see above, and run this again"
fi
name="$(sed -E 's/.*"ResourceName" *: *"([^"]*)".*/\1/' "$metadata")"
where="this notebook's address with /proxy/$port/ in place of /lab"
if url="$(aws sagemaker describe-notebook-instance --region "$region" \
  --notebook-instance-name "$name" --query Url --output text 2>/dev/null)"; then
  where="https://$url/proxy/$port/"
fi
echo "VS Code of $id: leave this running, and open $where"
exec aws ssm start-session --region "$region" --target "$id" \
  --document-name AWS-StartPortForwardingSession --parameters "portNumber=8080,localPortNumber=$port"
