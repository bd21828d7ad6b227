#!/bin/bash
# Runs once, as root, when the notebook is created. SageMaker gives up on it after five minutes;
# cloning may take three. Whatever happens here, the notebook starts.
umask 022
cd /
home="$WORKSHOP_ROOT/home/ec2-user/SageMaker"
folder=@FOLDER@
repeat=@REPEAT@
# Everything below the home folder is written as its owner, so that a link laid there cannot
# lead root to another file. -H: git must not look into root's home for its settings.
as_user() { sudo -H -u ec2-user "$@"; }

if reason="$(as_user env GIT_TERMINAL_PROMPT=0 timeout -k 10 180 \
  git clone --quiet --depth 1 --branch=@BRANCH@ -- @REPOSITORY@ "$home/$folder" 2>&1)"; then
  echo "workshop: cloned the content into $folder"
else
  status=$?
  if [ "$status" = 124 ]; then reason="it took more than 3 minutes"; fi
  as_user rm -rf -- "$home/$folder"
  as_user tee "$home/WORKSHOP-SETUP.txt" <<WORKSHOP
The workshop's content could not be cloned: $reason
Open a terminal and run this to try again:
  cd ~/SageMaker && $repeat
WORKSHOP
fi
exit 0
