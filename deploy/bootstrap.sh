#!/bin/sh
# The environment of `make`: finds a Python that can make one, and hands over to bootstrap.py.
# usage: deploy/bootstrap.sh run|dev      PYTHON=… picks the interpreter
set -u
here=$(dirname "$0")
seen=""
lame=""
for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
  version=$("$name" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
  seen="$seen $name=$version"
  "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || continue
  if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
    exec "$name" "$here/bootstrap.py" "$@"
  fi
  lame="$lame $name=$version"
done
if [ -n "$lame" ]; then
  set -- $lame
  short=$("${1%%=*}" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  echo "newswire: ${1%%=*} (${1#*=}) cannot make environments: install its venv module (Debian, Ubuntu: apt install python$short-venv), or name another Python: make run PYTHON=/path/to/python3" >&2
elif [ -n "$seen" ]; then
  echo "newswire: needs Python 3.11 or newer, found only:$seen. Install a newer one, or name it: make run PYTHON=/path/to/python3" >&2
else
  echo "newswire: no Python found (tried: ${PYTHON:-python3, python3.11 to python3.14, python}). Install Python 3.11 or newer, or name it: make run PYTHON=/path/to/python3" >&2
fi
exit 2
