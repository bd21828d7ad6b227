#!/bin/bash
# Lays what an IDE in the browser needs on an EC2 instance, once, as its user: JupyterLab with the
# kernels of the image's Python, and code-server. Environments lie where a notebook has them, so that
# everything else finds them there. Both servers listen on the loopback interface alone, and ask for
# no password: whoever reaches them has a session of this machine already.
exec >>"$HOME/workshop-box.log" 2>&1 </dev/null
envs="$HOME/anaconda3/envs"
export PIP_DISABLE_PIP_VERSION_CHECK=1
mkdir -p "$envs"
# Makes an environment with a Python; images of Ubuntu may lack what that needs.
environment() {
  [ -x "$envs/$2/bin/pip" ] && return
  rm -rf -- "${envs:?}/$2"
  "$1" -m venv "$envs/$2" && return
  sudo apt-get update -q && sudo apt-get install -q -y python3-venv && "$1" -m venv "$envs/$2"
}
hook() { printf '%s\n' /opt/workshop/python 'import workshop_seat' | tee "$1/workshop.pth" >/dev/null; }
kernel=python3 python="$(command -v python3)"
if [ -x /opt/pytorch/bin/python ]; then kernel=pytorch python=/opt/pytorch/bin/python; fi
environment "$python" "$kernel" || exit 1
for site in "$envs/$kernel"/lib/python3*/site-packages; do
  # What the image has is found behind what attendees install.
  for own in /opt/pytorch/lib/python3*/site-packages; do
    [ -d "$own" ] && echo "$own" >"$site/of_the_image.pth"
  done
  hook "$site"
done
"$envs/$kernel/bin/pip" install ipykernel==6.30.1 || exit 1
environment "$(command -v python3)" JupyterSystemEnv || exit 1
"$envs/JupyterSystemEnv/bin/pip" install jupyterlab==4.4.10 boto3 || exit 1
# Under the name that notebooks of SageMaker's have, and the one that all others have: else that would
# be Jupyter's own environment, which has nothing to work with.
for name in "conda_$kernel" python3; do
  "$envs/$kernel/bin/python" -m ipykernel install --prefix "$envs/JupyterSystemEnv" \
    --name "$name" --display-name "$name"
done
version=4.139.1
case "$(uname -m)" in
aarch64) machine=arm64 sum=0edb4b60d9c4744b2dd14b0911e3c2e6dd8c6f3c13bd58bda23ae744e59e7df1 ;;
*) machine=amd64 sum=53029be6c5781b7bca49b815fcc9a2a3fc111813ad8c9965b2c0f0d2985a0674 ;;
esac
release=code-server-$version-linux-$machine
if [ ! -x "$HOME/.local/lib/$release/bin/code-server" ]; then
  mkdir -p "$HOME/.local/lib"
  archive="$(mktemp)"
  if curl -sfL -m 600 -o "$archive" \
    "https://github.com/coder/code-server/releases/download/v$version/$release.tar.gz" &&
    echo "$sum  $archive" | sha256sum --check --status; then
    tar -xzf "$archive" -C "$HOME/.local/lib"
  else
    echo "code-server could not be brought, or is not the one that is pinned"
  fi
  rm -f "$archive"
fi
ln -sfn "$HOME/.local/lib/$release" "$HOME/.local/lib/code-server"
sudo systemctl restart jupyter-server.service code-server.service
if [ -r /opt/workshop/install_packages.sh ]; then /bin/bash /opt/workshop/install_packages.sh; fi
echo "== done"
