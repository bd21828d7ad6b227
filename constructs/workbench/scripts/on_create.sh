#!/bin/bash
# Runs once, as root, when the notebook is created. SageMaker gives up on it after five minutes;
# cloning may take three, of all at once. Whatever happens here, the notebook starts.
umask 022
cd /
home="$WORKSHOP_ROOT/home/ec2-user/SageMaker"
# Everything below the home folder is written as its owner, so that a link laid there cannot
# lead root to another file. -H: git must not look into root's home for its settings.
as_user() { sudo -H -u ec2-user "$@"; }
# An address, a branch, the folder, and the command to try it again.
clone() {
  local reason status
  if reason="$(as_user env GIT_TERMINAL_PROMPT=0 timeout -k 10 180 \
    git clone --quiet --depth 1 --branch="$2" -- "$1" "$home/$3" 2>&1)"; then
    echo "workshop: cloned the content into $3"
  else
    status=$?
    if [ "$status" = 124 ]; then reason="it took more than 3 minutes"; fi
    as_user rm -rf -- "$home/$3"
    as_user tee -a "$home/WORKSHOP-SETUP.txt" <<WORKSHOP
The workshop's content could not be cloned: $reason
Open a terminal and run this to try again:
  cd ~/SageMaker && $4
WORKSHOP
  fi
}

@CLONES@
wait
exit 0
