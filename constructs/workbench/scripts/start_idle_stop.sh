# systemd instead of cron, which Amazon Linux 2023 does not have.
base64 -d <<'WORKSHOP' | gunzip >"$opt/idle_stop.py"
@PROGRAM@
WORKSHOP
cat >"$etc/systemd/system/workshop-idle-stop.service" <<'WORKSHOP'
[Unit]
Description=Stop this notebook after @MINUTES@ minutes without use
[Service]
Type=oneshot
User=ec2-user
Environment=PATH=/usr/local/bin:/usr/bin:/bin:/home/ec2-user/anaconda3/bin
ExecStart=/usr/bin/env python3 /opt/workshop/idle_stop.py --minutes @MINUTES@
StandardOutput=append:/var/log/workshop-idle-stop.log
StandardError=inherit
TimeoutStartSec=240
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
systemctl daemon-reload
systemctl enable --now workshop-idle-stop.timer
