# The kernels' environments are new at each start, and so are the packages in them. They arrive
# in the background, in a unit of their own that outlives this script.
cat >"$opt/install_packages.sh" <<'WORKSHOP'
@INSTALLER@
WORKSHOP
systemd-run --no-block --unit=workshop-packages --uid=ec2-user --setenv=HOME=/home/ec2-user \
  /bin/bash "$opt/install_packages.sh"
