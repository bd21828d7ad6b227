#!/bin/bash
# Runs the agent (workshop/agent) as the notebook's user and with the notebook's role: credentials
# that the attendee keeps for other accounts are not looked at. An interpreter that has boto3 is in
# the environment of Jupyter itself, which nobody installs into.
cd / || exit 1
# shellcheck source=/dev/null
. /etc/profile.d/workshop.sh
# shellcheck source=/dev/null
. /opt/workshop/agent.values
# shellcheck source=/dev/null
if [ -r /etc/profile.d/workshop-box.sh ]; then . /etc/profile.d/workshop-box.sh; fi
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null PYTHONPATH=/opt/workshop/lib
for python in /home/ec2-user/anaconda3/envs/{JupyterSystemEnv,python3,pytorch}/bin/python; do
  for package in "${python%/bin/python}"/lib/python3*/site-packages/boto3; do
    if [ -d "$package" ]; then exec nice "$python" -s -m workshop.agent.run "$@"; fi
  done
done
echo "no Python of this notebook has boto3, so nothing is saved"
exit 1
