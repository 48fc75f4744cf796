#!/usr/bin/env bash
# Installs the Debian packages that the tests need: compilers with sanitizers, sound servers, shells, Python's venv.
# Does nothing, and asks no mirror, where all are there already.
set -euo pipefail

# The servers bring the client libraries (libpulse0, libjack-jackd2-0, libasound2) under their release's own names.
packages=(
  binutils clang gcc git libc6-dev libjack-jackd2-dev libpipewire-0.3-dev libpulse-dev pkg-config
  dbus fish iproute2 jackd2 libasound2-plugins pipewire pipewire-bin pulseaudio pulseaudio-utils rtkit wireplumber
  python3 python3-venv zsh
)

if ! command -v apt-get > /dev/null; then
  echo "install_test_servers: no apt-get here; install by other means: ${packages[*]}" >&2
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo)
fi

installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

updated=no
refresh() {
  if [ $updated = no ]; then
    "${as_root[@]}" apt-get update --quiet
    updated=yes
  fi
}

need() {
  local missing=()
  for package in "$@"; do
    installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  refresh
  # noninteractive: jackd2 would ask whether to grant real-time priority, and wait for an answer.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet --no-install-recommends "${missing[@]}" < /dev/null
}

need "${packages[@]}"
# ALSA's plugin for PipeWire: in Debian 12 its package cannot be installed beside PulseAudio, so it is only unpacked.
plugins=/usr/local/lib/pcmio-test-servers
if ! compgen -G "$plugins/usr/lib/*/alsa-lib/libasound_module_pcm_pipewire.so" > /dev/null &&
  ! compgen -G "/usr/lib/*/alsa-lib/libasound_module_pcm_pipewire.so" > /dev/null; then
  refresh
  download=$(mktemp --directory)
  chmod 755 "$download" # apt-get downloads as a user of its own
  (cd "$download" && apt-get download --quiet pipewire-alsa)
  "${as_root[@]}" mkdir --parents "$plugins"
  "${as_root[@]}" dpkg-deb --extract "$download"/pipewire-alsa_*.deb "$plugins"
  rm --recursive "$download"
fi
# Where Debian no longer ships JACK's small tools with the server.
command -v jack_lsp > /dev/null || need jack-example-tools
# clang's sanitizers are packaged for each major version, and "clang" is another one in each release.
need "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
