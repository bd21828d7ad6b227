# Installs the workshop's $packages into every Python kernel, as the notebook's user. The download
# cache lies on the disk that outlives a stop, so that only the first start has to wait for it.
exec >"$HOME/SageMaker/workshop-packages.log" 2>&1 </dev/null
export PIP_CACHE_DIR="$HOME/SageMaker/.cache/pip" PIP_DISABLE_PIP_VERSION_CHECK=1
status=done
for python in "$HOME"/anaconda3/envs/*/bin/python; do
  case "$python" in */JupyterSystemEnv/*) continue ;; esac
  "$python" -c 'import ipykernel' || continue
  echo "== $python"
  timeout 1800 "$python" -m pip install "${packages[@]}" ||
    status="failed; see above, then run: bash $0"
done
echo "== $status"
