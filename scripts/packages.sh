# Sourced by the other scripts: installs Debian packages that are missing, as root or through sudo.
# usage: install_packages NAME...
build_packages=(g++ cmake ninja-build libdnnl-dev ocl-icd-opencl-dev libeigen3-dev libyaml-cpp-dev
  libfmt-dev nlohmann-json3-dev libcli11-dev libboost1.81-dev zlib1g-dev libzstd-dev libsimdjson-dev libxxhash-dev libcld2-dev libicu-dev pkg-config libsqlite3-dev libgtest-dev
  libbenchmark-dev libonnx-dev libprotobuf-dev graphviz dataset-fashion-mnist)
text_packages=(perl-doc)  # a text of 9 MB that tests plan a ladder on: configs/studies/ladder_text.yaml
deb_packages=(dpkg-dev fakeroot)  # what makes a package of the program

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    echo "error: installing packages needs root or sudo; run as root: apt-get install $*" >&2
    return 1
  fi
}

install_packages() {
  local missing=()
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$name")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "packages: all ${#@} are installed"
    return 0
  fi
  echo "packages: installing ${missing[*]}"
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Configures build/release: a new tree compiles rooms of files together, which is twice as fast and of use to whoever does
# not edit. A tree that is there stays what it is.
configure_release() {
  if [ -f build/release/CMakeCache.txt ]; then
    cmake --preset release >/dev/null
  else
    cmake --preset release -DCAMBIUM_ROOMS=ON >/dev/null
  fi
}
