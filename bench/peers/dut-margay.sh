#!/bin/bash
# Margay's speaker as a device under test (see README.md). MARGAY_REFLECTOR names the published program; else it is published on first use.
here=$(dirname "$(readlink -f "$0")")
bin=${MARGAY_REFLECTOR:-$here/../Reflector/bin/publish/margay-reflector}
if [ ! -x "$bin" ]; then
  dotnet publish "$here/../Reflector" -c Release -r linux-x64 -o "$(dirname "$bin")" -v q --nologo >&2 || exit 1
fi
exec "$bin" 2>"${DUT_DIR:?}/out.log"
